// Suggests users while one types their name; without scripts the name and the domain are typed.
const form = document.getElementById("application_form");
const name = form.elements.user_name;
const domain = form.elements.user_domain;
const list = document.getElementById("user_suggestions");
const note = document.getElementById("user_note");
const PAUSE_MILLISECONDS = 150;

let users = new Map();
let timer = 0;
let newest = 0;

function describe() {
  const user = [...users.values()].find(
    (one) => one.user_name === name.value && one.user_domain === domain.value,
  );
  note.textContent = user?.is_administrator
    ? "This user is an administrator: whoever holds the application's credentials acts as one."
    : "";
}

async function ask(text) {
  newest += 1;
  const own = newest;
  const url = `${form.dataset.suggestions}?${new URLSearchParams({ search: text })}`;
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok || own !== newest) return;
  const found = (await answer.json()).users;
  users = new Map(found.map((user) => [`${user.user_domain}\\${user.user_name}`, user]));
  list.replaceChildren(
    ...[...users].map(([label, user]) => {
      const option = document.createElement("option");
      option.value = label;
      option.label = user.name || label;
      return option;
    }),
  );
  describe();
}

if (name) {
  name.addEventListener("input", () => {
    const user = users.get(name.value);
    if (user) {
      name.value = user.user_name;
      domain.value = user.user_domain;
      describe();
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(() => ask(name.value), PAUSE_MILLISECONDS);
  });
  domain.addEventListener("input", describe);
}
