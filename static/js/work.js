// Deposits from a row of the work list without leaving it: choose, drop or paste a file, press Enter, and the next row has the focus.
import { chinaTime, freshKey, send, sha256 } from "./sending.js";

const template = document.querySelector("#desk");
const rules = JSON.parse(template.dataset.rules);
const words = document.querySelector("[data-words]").dataset;
const rows = [];

// The same guess that the service makes from a file's name.
function proposedKind(name) {
  const lower = name.toLowerCase();
  const rule = rules.find(([, parts, ends]) => parts.some((part) => lower.includes(part)) || ends.some((end) => lower.endsWith(end)));
  return rule ? rule[0] : "document";
}

function prepare(row, number) {
  const cell = row.querySelector("[data-desk]");
  const form = template.content.firstElementChild.cloneNode(true);
  const input = form.elements.file;
  const numbered = (part) => {
    for (const name of ["id", "for"]) {
      for (const each of part.querySelectorAll(`[${name}]`)) each.setAttribute(name, `${each.getAttribute(name)}-${number}`);
    }
    return part;
  };
  numbered(form);
  const part = (name) => form.querySelector(`[data-${name}]`);
  const [chosen, state, fault, progress] = [part("chosen"), part("state"), part("fault"), form.querySelector("progress")];
  const button = form.querySelector("button.primary");
  let file = null;
  let key = "";
  let busy = false;

  // Exactly the fields of the kind that is chosen.
  function ask() {
    const own = document.querySelector(`template[data-of-kind="${form.elements.kind.value}"]`);
    part("kind-part").replaceChildren(...(own ? [numbered(own.content.cloneNode(true))] : []));
  }

  function take(taken, moment) {
    if (busy || !taken) return;
    file = taken;
    key = freshKey();
    form.elements.kind.value = proposedKind(file.name);
    ask();
    form.elements.captured_until.value = moment ? chinaTime(moment) : "";
    part("name").textContent = file.name;
    chosen.hidden = false;
    form.querySelector(".desk-file").hidden = true;
    fault.textContent = "";
    state.textContent = "";
    button.focus();
  }

  function drop() {
    file = null;
    form.reset();
    chosen.hidden = true;
    form.querySelector(".desk-file").hidden = false;
    input.focus();
  }

  async function deposit() {
    if (busy || !file) return;
    busy = true;
    button.disabled = true;
    fault.textContent = "";
    progress.hidden = false;
    progress.value = 0;
    try {
      state.textContent = words.hashing;
      const digest = await sha256(file).catch(() => "");
      const fields = { ...Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "file")), key, sha256: digest };
      state.textContent = words.sending;
      const answer = await send(row.dataset.action, fields, [file], (share) => {
        progress.value = share;
        if (share === 1) state.textContent = words.keeping;
      });
      if (digest && answer.sha256[0] !== digest) throw { code: "digest-mismatch", sentence: words.differs };
      done(answer.record, digest ? "" : words.unhashed);
    } catch (refusal) {
      state.textContent = "";
      fault.textContent = refusal.sentence || (refusal.code === "form-expired" ? words.expired : words.lost);
      // Whoever was refused changes something and asks for another deposit; where the outcome is unknown, the same one is asked again.
      if (refusal.code && !(refusal.status >= 500)) key = freshKey();
    }
    progress.hidden = true;
    busy = false;
    button.disabled = false;
    if (fault.textContent) button.focus();
  }

  function done(record, remark) {
    const line = document.createElement("p");
    const link = document.createElement("a");
    link.href = `/records/${record}`;
    link.className = "mono";
    link.textContent = record;
    line.append(`${words.kept} `, link, remark ? ` ${remark}` : "");
    cell.insertBefore(line, form);
    for (const count of row.querySelectorAll("[data-today]")) count.textContent = String(Number(count.textContent) + 1);
    state.textContent = "";
    drop();
    (rows[number + 1] ?? rows[number]).focus();
  }

  form.elements.kind.addEventListener("change", ask);
  input.addEventListener("change", () => take(input.files[0], input.files[0]?.lastModified));
  part("drop").addEventListener("click", drop);
  form.addEventListener("submit", (event) => { event.preventDefault(); deposit(); });
  row.addEventListener("dragover", (event) => { event.preventDefault(); row.classList.add("over"); });
  row.addEventListener("dragleave", () => row.classList.remove("over"));
  row.addEventListener("drop", (event) => {
    event.preventDefault();
    row.classList.remove("over");
    const dropped = event.dataTransfer.files[0];
    take(dropped, dropped?.lastModified);
  });
  form.addEventListener("focusin", () => { for (const each of rows) each.row.classList.toggle("here", each.row === row); });
  cell.replaceChildren(form);
  return { row, take, focus: () => input.focus() };
}

// A screenshot has no name and no time of its own: it was made just now, for this row.
function pasted(event) {
  const [image] = event.clipboardData.files;
  // A field of text gets what is pasted into it; and cells of a spreadsheet come as text with a picture of them beside it.
  if (!image || event.target.matches?.("input:not([type=file]), textarea") || event.clipboardData.types.includes("text/plain")) return;
  const here = rows.find((each) => each.row.classList.contains("here")) ?? rows[0];
  event.preventDefault();
  const now = Date.now();
  const generic = /^image\.\w+$/.test(image.name);
  const name = generic ? `${template.content.firstElementChild.dataset.pasted}-${chinaTime(now).replace(/[-:]/g, "").replace("T", "-")}.${image.name.split(".").pop()}` : image.name;
  here?.take(new File([image], name, { type: image.type }), generic ? now : image.lastModified);
}

for (const [number, row] of [...document.querySelectorAll("tr[data-action]")].entries()) rows.push(prepare(row, number));
document.querySelector("[data-with-script]").hidden = false;
document.addEventListener("paste", pasted);
// What is dropped beside a row must not take the place of the page.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
rows[0]?.focus();
