document.getElementById("answer_form").submit();
