// The screen of a workstation: hides the page once the server says that the session is locked, and shows it again, as it was, once it is not.
// The server's clock decides; asking it keeps nothing awake. Without an answer the page is hidden: the session may have ended.
// Only a page for work outside stays as it is while nobody answers or the service refuses the place: there nobody could show himself again.
const panel = document.querySelector("[data-idle-lock]");
const content = [...document.body.children].filter((each) => each !== panel && each.tagName !== "SCRIPT");
const stays = document.querySelector("[data-stays-outside]") !== null;
const AGAIN_MS = 5000;
let timer;
let left;

function show(locked) {
  if (panel.hidden !== locked) return;
  if (locked) left = document.activeElement;
  for (const each of content) {
    each.hidden = locked;
    each.inert = locked;
  }
  panel.hidden = !locked;
  if (locked) panel.querySelector("h2").focus();
  else left?.focus();
}

async function look() {
  clearTimeout(timer);
  const asItIs = { locked: !panel.hidden, left_s: AGAIN_MS / 1000 };
  let state = { locked: true, left_s: 0 };
  try {
    const answer = await fetch(panel.dataset.idleLock, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (answer.ok) state = await answer.json();
    else if (stays && answer.status === 403 && (await answer.json()).code === "outside-network") state = asItIs;
  } catch {
    if (stays) state = asItIs;
  }
  show(state.locked);
  timer = setTimeout(look, state.locked ? AGAIN_MS : state.left_s * 1000 + 250);
}

timer = setTimeout(look, Number(panel.dataset.idleS) * 1000);
// A machine that slept has missed its timers; and whoever unlocked in another window comes back to this one.
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
window.addEventListener("focus", look);
