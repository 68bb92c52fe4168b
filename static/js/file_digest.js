import { dropZone } from "./file_drop.js";

// Computes the SHA-256 of a chosen file and writes it into the form; nothing is sent until the reader presses the button,
// and then only the digest. WebCrypto takes the whole file at once, hence the limit; larger files go through sha256sum.
const LARGEST_BYTES = 1024 ** 3;

async function sha256(file, progress) {
  const bytes = new Uint8Array(file.size);
  const reader = file.stream().getReader();
  for (let read = 0; ;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.set(value, read);
    read += value.length;
    progress.value = read / Math.max(1, file.size);
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function prepare(form) {
  const part = form.querySelector("[data-drop]");
  const progress = part.querySelector("progress");
  const tooLarge = part.querySelector("[data-too-large]");
  const unreadable = part.querySelector("[data-unreadable]");
  const field = form.elements.sha256;

  async function take(file) {
    tooLarge.hidden = file.size <= LARGEST_BYTES;
    unreadable.hidden = true;
    field.value = "";
    if (file.size > LARGEST_BYTES) return;
    progress.hidden = false;
    progress.value = 0;
    try {
      field.value = await sha256(file, progress);
      form.querySelector("button.primary").focus();
    } catch {
      unreadable.hidden = false;
    }
    progress.hidden = true;
  }

  dropZone(part, take);
}

// WebCrypto exists in secure contexts only; elsewhere the field for the digest remains.
if (globalThis.crypto?.subtle) {
  for (const form of document.querySelectorAll("form[data-file-check]")) prepare(form);
}
