// Shows what a chosen or pasted certificate says. A chosen file goes into the text area, so that it is
// kept when the form comes back; without scripts it is sent as a file.
const form = document.querySelector("[data-preview]");
const file = form?.querySelector("[name=certificate_file]");
const text = form?.querySelector("[name=certificate]");
const preview = document.getElementById("certificate_preview");
const LINE = 64;

function pem(bytes) {
  const body = btoa(String.fromCharCode(...bytes));
  const lines = body.match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----"].join("\n");
}

function say(kind, lines) {
  preview.replaceChildren(
    ...lines.map((line) => {
      const paragraph = document.createElement("p");
      paragraph.className = kind;
      paragraph.textContent = line;
      return paragraph;
    }),
  );
}

async function show() {
  if (!text.value.trim()) {
    preview.replaceChildren();
    return;
  }
  const body = new URLSearchParams({
    csrf_token: form.dataset.previewToken,
    certificate: text.value,
  });
  const answer = await fetch(form.dataset.preview, { method: "POST", body }).catch(() => null);
  if (answer?.ok) {
    const facts = (await answer.json()).facts;
    const list = document.createElement("dl");
    list.className = "facts preview";
    for (const [label, value] of Object.entries(facts)) {
      const row = document.createElement("div");
      const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
      [term.textContent, detail.textContent] = [label, value];
      row.append(term, detail);
      list.append(row);
    }
    preview.replaceChildren(list);
  } else {
    // Without a network there is no answer, and one of a gateway need not be JSON.
    const refusal = await answer?.json().catch(() => null);
    say("wrong", [`The certificate ${refusal?.fields?.certificate ?? "cannot be read now"}.`]);
  }
}

if (file && text) {
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    if (file.files[0].size > 16384) {
      file.value = "";
      say("wrong", ["The file is over 16 KiB: that is no certificate."]);
      return;
    }
    const bytes = new Uint8Array(await file.files[0].arrayBuffer());
    const plain = new TextDecoder().decode(bytes);
    text.value = plain.includes("-----BEGIN") ? plain : pem(bytes);
    file.value = "";
    await show();
  });
  text.addEventListener("change", show);
  if (!preview.children.length) show();
}
