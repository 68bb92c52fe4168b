// The members of a zip file on this device, read where they lie: in memory are the directory and the one member that is asked for.
// What it does not do: judge the container in every respect; `python -m tlog verify` does.
// Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
const [FULL16, FULL32] = [0xffff, 0xffffffff];
const LONGEST_TAIL = 22 + FULL16;
const LARGEST_DIRECTORY_BYTES = 64 * 1024 ** 2;
const [STORED, DEFLATED] = [0, 8];

export class Unreadable extends Error {}

async function view(file, start, end) {
  if (!(start >= 0 && start <= end && end <= file.size)) throw new Unreadable();
  return new DataView(await file.slice(start, end).arrayBuffer());
}

// Numbers beyond 2^53 are no places in a file that exists.
function wide(data, at) {
  const value = data.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Unreadable();
  return Number(value);
}

// Where the directory lies, and how many rows it says to have.
async function findDirectory(file) {
  const from = Math.max(0, file.size - LONGEST_TAIL);
  const tail = await view(file, from, file.size);
  for (let at = tail.byteLength - 22; at >= 0; at -= 1) {
    if (tail.getUint32(at, true) !== 0x06054b50 || at + 22 + tail.getUint16(at + 20, true) !== tail.byteLength) continue;
    const [rows, size, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
    if (rows !== FULL16 && size !== FULL32 && start !== FULL32) return { rows, size, start };
    const pointer = await view(file, from + at - 20, from + at);
    if (pointer.getUint32(0, true) !== 0x07064b50) return { rows, size, start };
    const place = wide(pointer, 8);
    const record = await view(file, place, place + 56);
    if (record.getUint32(0, true) !== 0x06064b50) throw new Unreadable();
    return { rows: wide(record, 32), size: wide(record, 40), start: wide(record, 48) };
  }
  throw new Unreadable();
}

// The zip64 field has, in this order, what did not fit into the row: size, packed size, offset.
function widened(data, at, length, values) {
  for (let field = at; field + 4 <= at + length; field += 4 + data.getUint16(field + 2, true)) {
    if (data.getUint16(field, true) !== 1) continue;
    let next = field + 4;
    return values.map((value) => {
      if (value !== FULL32) return value;
      next += 8;
      return wide(data, next - 8);
    });
  }
  return values;
}

// Name → {size, packed, method, offset}, in the order of the directory. Throws Unreadable, also when one name stands there twice.
export async function membersOf(file) {
  const { rows, size, start } = await findDirectory(file);
  if (size > LARGEST_DIRECTORY_BYTES) throw new Unreadable();
  const data = await view(file, start, start + size);
  const members = new Map();
  try {
    for (let at = 0, row = 0; row < rows; row += 1) {
      if (data.getUint32(at, true) !== 0x02014b50) throw new Unreadable();
      const [nameLength, extraLength, noteLength] = [28, 30, 32].map((place) => data.getUint16(at + place, true));
      const name = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(data.buffer, at + 46, nameLength));
      const told = [24, 20, 42].map((place) => data.getUint32(at + place, true));
      const [whole, packed, offset] = widened(data, at + 46 + nameLength, extraLength, told);
      if (members.has(name)) throw new Unreadable();
      members.set(name, { size: whole, packed, method: data.getUint16(at + 10, true), offset });
      at += 46 + nameLength + extraLength + noteLength;
    }
  } catch {
    throw new Unreadable();
  }
  return members;
}

// The bytes of one member; never more than the directory says of it, whatever is packed in there. Throws Unreadable.
export async function bytesOf(file, { size, packed, method, offset }) {
  const head = await view(file, offset, offset + 30);
  if (head.getUint32(0, true) !== 0x04034b50 || (method !== STORED && method !== DEFLATED)) throw new Unreadable();
  const start = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  if (start + packed > file.size) throw new Unreadable();
  const stored = file.slice(start, start + packed);
  if (method === STORED && packed !== size) throw new Unreadable();
  const stream = method === STORED ? stored.stream() : stored.stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const bytes = new Uint8Array(size);
  const reader = stream.getReader();
  let read = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (read + value.length > size) throw new Unreadable();
      bytes.set(value, read);
      read += value.length;
    }
  } catch {
    await reader.cancel().catch(() => {});
    throw new Unreadable();
  }
  if (read !== size) throw new Unreadable();
  return bytes;
}
