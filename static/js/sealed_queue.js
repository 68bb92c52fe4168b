// Items that wait for the network, in IndexedDB, each sealed by AES-256-GCM under a key that the browser keeps and never gives out.
// It protects what lies in the device's storage and its backups. It does not protect against whoever can open this browser
// unlocked, nor against clearing its data; docs/operations.md says so to those who decide on devices.
const DATABASE = "cunzheng-visits";
const NONCE_BYTES = 12;

function asked(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}

function opened() {
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore("keys");
    request.result.createObjectStore("items", { keyPath: "number", autoIncrement: true });
  });
  return asked(request);
}

// Of one store, in one transaction; resolves when the transaction is durable, not when the request was answered.
async function within(database, store, mode, work) {
  const transaction = database.transaction(store, mode, { durability: "strict" });
  const ended = new Promise((resolve, reject) => {
    transaction.addEventListener("complete", resolve);
    transaction.addEventListener("abort", () => reject(transaction.error));
  });
  const [result] = await Promise.all([asked(work(transaction.objectStore(store))), ended]);
  return result;
}

async function keyOf(database) {
  const known = await within(database, "keys", "readonly", (store) => store.get("sealing"));
  if (known) return known;
  const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  try {
    await within(database, "keys", "readwrite", (store) => store.add(fresh, "sealing"));
    return fresh;
  } catch {
    // Another tab was first: its key is the one.
    return within(database, "keys", "readonly", (store) => store.get("sealing"));
  }
}

// One blob of length-prefixed JSON and the photos' bytes, so that nothing of an item lies beside its seal.
async function packed(fields, files) {
  const told = files.map((file) => ({ name: file.name, type: file.type, modified: file.lastModified, size: file.size }));
  const head = new TextEncoder().encode(JSON.stringify({ fields, files: told }));
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, head.length);
  return new Blob([prefix, head, ...files]).arrayBuffer();
}

function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const { fields, ...head } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  // An earlier version kept one photo an item, and such an item may still wait on a device.
  const files = (head.files ?? [{ ...head, size: buffer.byteLength - offset }]).map(({ name, type, modified, size }) => {
    const bytes = buffer.slice(offset, offset += size);
    return new File([bytes], name, { type, lastModified: modified });
  });
  return { fields, files };
}

export async function openQueue() {
  const database = await opened();
  const key = await keyOf(database);
  return {
    // `owner` says whose item it is: another person on the same device neither sees nor sends it.
    async put(owner, fields, files) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(owner) }, key, await packed(fields, files));
      return within(database, "items", "readwrite", (store) => store.add({ owner, nonce, sealed }));
    },
    async numbers(owner) {
      const rows = await within(database, "items", "readonly", (store) => store.getAll());
      return rows.filter((row) => row.owner === owner).map((row) => row.number);
    },
    async get(number) {
      const row = await within(database, "items", "readonly", (store) => store.get(number));
      const additionalData = new TextEncoder().encode(row.owner);
      return unpacked(await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.nonce, additionalData }, key, row.sealed));
    },
    remove: (number) => within(database, "items", "readwrite", (store) => store.delete(number)),
  };
}
