// A place to drop a file on, with a button beside it that does the same. Hidden in the page until a script gives it a use.
export function dropZone(zone, take) {
  const input = zone.querySelector("input[type=file]");
  zone.hidden = false;
  input.addEventListener("change", () => { if (input.files[0]) take(input.files[0]); });
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
}
