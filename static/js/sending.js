// Hashing and sending a deposit form: true progress, and the service's digests compared with the browser's.
const LARGEST_HASHED_BYTES = 1024 ** 3; // WebCrypto takes the whole file at once
const HOUR_MS = 3600 * 1000;

// Hex SHA-256 of a file; "" where it cannot be computed here: the service's own digest stands then.
export async function sha256(file) {
  if (!globalThis.crypto?.subtle || file.size > LARGEST_HASHED_BYTES) return "";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A key for one deposit: as often as it is sent, it makes one record.
export function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A moment as a field of a form has it: the clock of China, whatever this device's own zone is.
export function chinaTime(moment) {
  return new Date(moment + 8 * HOUR_MS).toISOString().slice(0, 19);
}

// Sends fields, then files. Resolves with {record, sha256}; rejects with {code, sentence, status}, code "" when nobody answered.
export function send(address, fields, files, progress) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append("client_time", String(Date.now())); // of this very try: the service measures this device's clock against its own
  for (const file of files) body.append("file", file, file.name); // last, as the service reads them
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "text";
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
    request.addEventListener("error", () => reject({ code: "", sentence: "", status: 0 }));
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status === 201 && answer) resolve(answer);
      else if (answer?.code) reject({ code: answer.code, sentence: answer.detail || answer.title, status: request.status });
      // A page instead of an answer: the session was led to where somebody signs in or shows himself again.
      else reject({ code: request.status === 403 || request.status < 300 ? "form-expired" : "", sentence: "", status: request.status });
    });
    request.send(body);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
