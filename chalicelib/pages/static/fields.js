// Shows the fields that the grant type, the redirect strategy and the life cycle ask for. A rule is
// `name=value,value`, `name!=value`, or the name of a box that must be ticked. What is hidden is not sent.
const form = document.getElementById("application_form");

function chosen(name) {
  const control = form.elements[name];
  if (!control) return "";
  if (control.type === "checkbox") return control.checked ? "on" : "";
  return control.value;
}

function holds(rule) {
  const [, name, not, values] = rule.match(/^(\w+)(?:(!?)=(.*))?$/);
  if (values === undefined) return chosen(name) === "on";
  const matches = values.split(",").includes(chosen(name));
  return not ? !matches : matches;
}

function update() {
  for (const part of form.querySelectorAll("[data-shown]")) {
    part.hidden = !holds(part.dataset.shown);
  }
  for (const control of form.querySelectorAll("input, select, textarea")) {
    control.disabled = control.closest("[hidden]") !== null;
  }
}

form.addEventListener("change", update);
update();
document.getElementById("errors")?.focus();
