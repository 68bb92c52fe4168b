// The screen of a workstation: hides the page once the server says that the session is locked, and shows it again, as it was, once it is not.
// The server's clock decides; asking it keeps nothing awake. Without an answer the page is hidden: the session may have ended.
const panel = document.querySelector("[data-idle-lock]");
const content = [...document.body.children].filter((each) => each !== panel && each.tagName !== "SCRIPT");
const AGAIN_MS = 5000;
let timer;

function show(locked) {
  if (panel.hidden !== locked) return;
  for (const each of content) {
    each.hidden = locked;
    each.inert = locked;
  }
  panel.hidden = !locked;
  if (locked) panel.querySelector("h2").focus();
}

async function look() {
  clearTimeout(timer);
  let state = { locked: true, left_s: 0 };
  try {
    const answer = await fetch(panel.dataset.idleLock, { headers: { Accept: "application/json" }, redirect: "error" });
    if (answer.ok) state = await answer.json();
  } catch { /* offline, or signed out: hidden until an answer says otherwise */ }
  show(state.locked);
  timer = setTimeout(look, state.locked ? AGAIN_MS : state.left_s * 1000 + 250);
}

timer = setTimeout(look, Number(panel.dataset.idleS) * 1000);
// A machine that slept has missed its timers; and whoever unlocked in another window comes back to this one.
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
window.addEventListener("focus", look);
