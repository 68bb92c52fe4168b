// Copy buttons: shown only where the clipboard works, so that a page without scripts has no dead button.
const SHOWN_MS = 2000;

async function copy(button, label) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "✓";
  } catch {
    button.textContent = "✗"; // the reader can still select the text by hand
  }
  setTimeout(() => { button.textContent = label; }, SHOWN_MS);
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", () => copy(button, label));
  }
}
