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

// As the directory compares names.
function same(one, other) {
  const [first, second] = [one, other].map((text) => text.trim().normalize("NFKC").toLowerCase());
  return first === second;
}

function describe() {
  const user = [...users.values()].find(
    (one) => same(one.user_name, name.value) && same(one.user_domain, domain.value),
  );
  const isWarning = user?.is_administrator === true;
  note.classList.toggle("is-warning", isWarning);
  note.textContent = isWarning
    ? "This user is an administrator: whoever holds the application's credentials acts as one."
    : "";
}

async function ask(text) {
  newest += 1;
  const own = newest;
  const url = `${form.dataset.suggestions}?${new URLSearchParams({ search: text })}`;
  const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok || own !== newest) return;
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
  if (name.value) ask(name.value);
}
