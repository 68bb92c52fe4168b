// The table's tick boxes: one for all of the page, and how many are ticked. Without this script each is ticked by hand.
for (const form of document.querySelectorAll("form[data-selection]")) {
  const boxes = [...form.querySelectorAll("tbody input[type=checkbox]")];
  const all = form.querySelector("input[data-select-all]");
  const count = form.querySelector("[data-selected]");

  function tell() {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    count.textContent = `${ticked} / ${boxes.length}`;
  }

  for (const hidden of form.querySelectorAll("[data-select-all]")) hidden.hidden = false;
  form.querySelector("[data-select-words]").hidden = true;
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; tell(); });
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
}
