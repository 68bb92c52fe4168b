// What a browser can find out about an evidence package by digests alone, without sending a byte of it anywhere. Each finding says what was
// compared and with how many parts; what needs keys, certificates or SM3 is not tried here, and `python -m tlog verify` is the whole judge.
// Source: formats of this project, A1, A2, A5; RFC 9162, 2.1.3.2.
import { bytesOf, membersOf, Unreadable } from "./zip_members.js";

const LARGEST_MEMBER_BYTES = 1024 ** 3; // WebCrypto takes the whole of it at once
const NOT_LISTED = /^(?:SHA256SUMS|mimetype|META-INF\/.*)$/;

const text = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (encoded) => Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));

async function sha256(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

// One finding: how many parts agreed, which did not, and which could not be compared.
class Finding {
  constructor(name) {
    Object.assign(this, { name, agreed: 0, differing: [], unchecked: [] });
  }

  note(part, same) {
    if (same) this.agreed += 1;
    else this.differing.push(part);
  }

  get outcome() {
    if (this.differing.length) return "failed";
    return this.unchecked.length || !this.agreed ? "unchecked" : "passed";
  }
}

// Each member's digest, one after the other; null for one that is too large to be digested here.
async function digestsOf(file, members, progress) {
  const digests = new Map();
  let seen = 0;
  for (const [name, member] of members) {
    digests.set(name, member.size > LARGEST_MEMBER_BYTES ? null : hex(await sha256(await bytesOf(file, member))));
    seen += member.packed;
    progress(seen / Math.max(1, file.size));
  }
  return digests;
}

function listed(found, sums, digests) {
  const wanted = new Map();
  for (const line of sums.split("\n").filter(Boolean)) {
    const parts = /^([0-9a-f]{64})  (.+)$/.exec(line);
    if (!parts || wanted.has(parts[2])) found.differing.push("SHA256SUMS");
    else wanted.set(parts[2], parts[1]);
  }
  for (const [name, digest] of digests) {
    if (NOT_LISTED.test(name)) continue;
    if (digest === null) found.unchecked.push(name);
    else found.note(name, wanted.get(name) === digest);
    wanted.delete(name);
  }
  found.differing.push(...wanted.keys());
}

// The root that leads from the leaf at `index` in a tree of `size`; null when the path has another length than the tree asks for.
async function rootFrom(leaf, index, size, path) {
  let [place, last, node] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return null;
    if (place % 2 === 1 || place === last) {
      node = await sha256(Uint8Array.of(1), sibling, node);
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else {
      node = await sha256(Uint8Array.of(1), node, sibling);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return last === 0 ? node : null;
}

async function isIncluded(entry, proof) {
  const [head, ...rest] = proof.split("\n\n");
  const [first, ...lines] = head.split("\n");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? "");
  const [, size, root] = rest.join("\n\n").split("\n");
  if (first !== "c2sp.org/tlog-proof@v1" || !index || !/^[1-9][0-9]*$/.test(size ?? "")) return false;
  const [place, count] = [Number(index[1]), Number(size)];
  if (!Number.isSafeInteger(count) || place >= count) return false;
  const reached = await rootFrom(await sha256(Uint8Array.of(0), entry), place, count, lines.map(base64));
  return reached !== null && hex(reached) === hex(base64(root));
}

async function judgeRecord(number, read, findings, known) {
  const folder = `records/${number}/`;
  const statementBytes = await read(`${folder}statement.json`);
  const statement = JSON.parse(text(statementBytes));
  const kind = /^cunzheng\/([a-z]+)\/v1$/.exec(statement.type)?.[1];
  const disclosed = new Set([...known.members.keys()].filter((name) => name.startsWith(`${folder}claims/`) && name.endsWith(".json")));
  for (const { name, sha256: committed } of statement.claims) {
    const path = `${folder}claims/${name.replace("/", "-")}`;
    if (!disclosed.delete(`${path}.json`)) continue; // withheld; that it is excused is the whole judge's matter
    const claim = await read(`${path}.json`);
    const { name: said, value } = JSON.parse(text(claim));
    const same = said === name && hex(await sha256(await read(`${path}.salt`), claim)) === committed;
    findings.claims.note(`${path}.json`, same);
    if (same && name.startsWith("files/")) known.files.add(value.sha256);
  }
  findings.claims.differing.push(...disclosed); // the statement knows nothing of them
  const entry = await read(`${folder}entry.txt`);
  const committed = btoa(String.fromCharCode(...await sha256(statementBytes)));
  const [version, entryKind, digest] = text(entry).split("\n");
  findings.entry.note(number, statement.record === number && version === "cunzheng/entry/v1" && entryKind === kind
    && digest === `sha256 ${committed}`);
  const proof = `${folder}proof.tlog-proof`;
  if (known.members.has(proof)) findings.inclusion.note(number, await isIncluded(entry, text(await read(proof))));
  else findings.inclusion.unchecked.push(number);
}

function judgeOriginals(found, digests, files) {
  const present = new Set();
  for (const [name, digest] of digests) {
    if (!name.startsWith("evidence/")) continue;
    if (digest === null) found.unchecked.push(name);
    else found.note(name, files.has(digest));
    present.add(digest);
  }
  if (!present.has(null)) found.unchecked.push(...[...files].filter((digest) => !present.has(digest)));
}

// {records, findings}. Throws Unreadable when the file is no package that can be read; it says nothing of whether it was tampered with.
export async function examine(file, progress) {
  const members = await membersOf(file);
  const read = async (name) => {
    const member = members.get(name);
    if (!member || member.size > LARGEST_MEMBER_BYTES) throw new Unreadable();
    return bytesOf(file, member);
  };
  const names = ["digests", "originals", "claims", "entry", "inclusion"];
  const findings = Object.fromEntries(names.map((name) => [name, new Finding(name)]));
  let records = [];
  try {
    const description = JSON.parse(text(await read("package.json")));
    if (description.type !== "cunzheng/package/v1") throw new Unreadable();
    records = description.records;
    const sums = text(await read("SHA256SUMS"));
    const digests = await digestsOf(file, members, progress);
    listed(findings.digests, sums, digests);
    const known = { members, files: new Set() };
    for (const number of records) await judgeRecord(number, read, findings, known);
    const told = new Set(records.map((number) => `records/${number}`));
    const folders = new Set([...members.keys()].filter((name) => name.startsWith("records/")).map((name) => name.split("/", 2).join("/")));
    findings.entry.differing.push(...[...folders].filter((folder) => !told.has(folder)));
    judgeOriginals(findings.originals, digests, known.files);
  } catch (fault) {
    if (fault instanceof Unreadable) throw fault;
    throw new Unreadable();
  }
  return { records, findings: Object.values(findings) };
}
