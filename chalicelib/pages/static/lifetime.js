// Says what a number of minutes comes to, and warns of tokens that would never end. Without scripts
// the sentence below the field says both, and the page that follows warns.
const field = document.getElementById("token_lifetime_minutes");
const note = document.getElementById("lifetime_note");
const UNITS = [
  [1440, "day"],
  [60, "hour"],
];

function spoken(minutes) {
  const [size, unit] = UNITS.find(([size]) => minutes >= size) ?? [1, "minute"];
  const count = Math.round((minutes / size) * 10) / 10;
  return `${count * size === minutes ? "" : "about "}${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
}

function describe() {
  const text = field.value.trim();
  const isNumber = /^\d+$/.test(text);
  const isEndless = text === "" || (isNumber && Number(text) === 0);
  note.classList.toggle("is-warning", isEndless);
  if (isEndless) {
    note.textContent = "Tokens will never end: each lives until somebody revokes it.";
  } else {
    note.textContent = isNumber && Number(text) >= 60 ? `That is ${spoken(Number(text))}.` : "";
  }
}

field.addEventListener("input", describe);
describe();
