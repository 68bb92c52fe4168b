// The form for a package on the page of verification: compares what digests can show, here, and writes it into the table that the page
// brings. The file is read and never sent. What it never does is call a package verified: the rows of what was not checked stay as they are.
import { dropZone } from "./file_drop.js";
import { examine } from "./package_facts.js";

const NAMED = 5;

function prepare(place) {
  const zone = place.querySelector("[data-drop]");
  const progress = zone.querySelector("progress");
  const unreadable = zone.querySelector("[data-unreadable]");
  const result = place.querySelector("[data-result]");
  const verdict = place.querySelector("[data-verdict]");
  const chip = (outcome) => place.querySelector(`template[data-chip="${outcome}"]`).content.cloneNode(true);
  const words = place.dataset;
  let round = 0;

  function show({ records, findings }) {
    for (const { name, outcome, agreed, differing, unchecked } of findings) {
      const row = place.querySelector(`[data-check="${name}"]`);
      row.querySelector("[data-outcome]").replaceChildren(chip(outcome));
      const named = differing.length ? differing : unchecked;
      row.querySelector("[data-agreed]").textContent = String(agreed);
      row.querySelector("[data-others]").textContent = named.slice(0, NAMED).join(" · ") + (named.length > NAMED ? ` … ${named.length}` : "");
    }
    const outcomes = findings.map(({ outcome }) => outcome);
    const found = outcomes.includes("failed") ? "failed" : outcomes.includes("unchecked") ? "unchecked" : "passed";
    verdict.textContent = { failed: words.failed, unchecked: words.unchecked, passed: words.passed }[found];
    result.classList.toggle("bad", found === "failed");
    place.querySelector("[data-records]").replaceChildren(...records.map((number) => {
      const link = Object.assign(document.createElement("a"), { href: `${words.records}/${encodeURIComponent(number)}`, textContent: number });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
    result.hidden = false;
  }

  async function take(file) {
    round += 1;
    const mine = round;
    result.hidden = true;
    unreadable.hidden = true;
    progress.hidden = false;
    progress.value = 0;
    try {
      const found = await examine(file, (share) => { if (mine === round) progress.value = share; });
      if (mine === round) show(found);
    } catch {
      if (mine === round) unreadable.hidden = false;
    }
    if (mine === round) progress.hidden = true;
  }

  dropZone(zone, take);
}

// WebCrypto exists in secure contexts only; elsewhere the command for the whole check remains.
if (globalThis.crypto?.subtle && globalThis.DecompressionStream) {
  for (const place of document.querySelectorAll("[data-package-check]")) prepare(place);
}
