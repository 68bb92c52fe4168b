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
    progress(read / Math.max(1, file.size));
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
  let round = 0;

  // Of the file that was chosen last: an earlier, larger one may be read to its end later.
  async function take(file) {
    round += 1;
    const mine = round;
    progress.hidden = true;
    tooLarge.hidden = file.size <= LARGEST_BYTES;
    unreadable.hidden = true;
    field.value = "";
    if (file.size > LARGEST_BYTES) return;
    progress.hidden = false;
    progress.value = 0;
    try {
      const digest = await sha256(file, (share) => { if (mine === round) progress.value = share; });
      if (mine === round) {
        field.value = digest;
        form.querySelector("button:not([type='button'])").focus();
      }
    } catch {
      if (mine === round) unreadable.hidden = false;
    }
    if (mine === round) progress.hidden = true;
  }

  dropZone(part, take);
}

// WebCrypto exists in secure contexts only; elsewhere the field for the digest remains.
if (globalThis.crypto?.subtle) {
  for (const form of document.querySelectorAll("form[data-file-check]")) prepare(form);
}
