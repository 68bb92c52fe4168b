// Work that a job does while the page is open (a rendering, an import): asks now and then whether there is something new, and loads the page
// again when there is. Whoever is typing somewhere is not disturbed, and the page comes when he is done; the link beside the sentence does
// the same by hand. What it does not do: show anything itself.
const FIRST_MS = 1500;
const LONGEST_MS = 15_000;

async function isReady(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  return answer.ok && (await answer.json()).ready;
}

function isTyping() {
  return document.activeElement?.matches("input, textarea, select") ?? false;
}

async function waitFor(places) {
  for (let pause = FIRST_MS; ; pause = Math.min(pause * 1.5, LONGEST_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (document.hidden || isTyping()) continue;
    try {
      const found = await Promise.all(places.map((place) => isReady(place.dataset.preparedAt)));
      if (found.every(Boolean)) break;
    } catch {
      // The network is away; the next round asks again.
    }
  }
  location.reload();
}

const places = [...document.querySelectorAll("[data-prepared-at]")];
if (places.length) waitFor(places);
