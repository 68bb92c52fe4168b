// Photos of a visit with place and note: kept sealed on the device first, then sent in order, each with its own key.
import { openQueue } from "./sealed_queue.js";
import { chinaTime, freshKey, send, sha256 } from "./sending.js";

const AGAIN_MS = 20_000;
const TAKEN_NOW_MS = 10 * 60_000;
// What the service answers to whoever works by place and is not there now.
const OF_THE_PLACE = ["outside-network", "networks-missing"];
// Of the page, and not of the item: the token is another when the item is sent.
const NOT_KEPT = ["csrfmiddlewaretoken", "case"];
const form = document.querySelector("form[data-visit]");
const list = document.querySelector("[data-queue]");
const words = list?.dataset;
const lines = new Map();

async function start() {
  const owner = form.dataset.owner;
  const queue = await openQueue();
  const state = form.querySelector("[data-place]");
  const fault = form.querySelector("[data-fault]");
  const album = form.querySelector("[data-photos]");
  const button = form.querySelector("button.primary");
  let photos = [];
  let proposed = {};
  let sending = false;
  let outside = false;
  // Refused items, and all of them once the session is over, wait for a press of the button: a phone pays for each photo that is sent in vain.
  const refused = new Set();
  let expired = false;

  function askPlace() {
    state.textContent = state.dataset.asking;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const place = { latitude: coords.latitude.toFixed(6), longitude: coords.longitude.toFixed(6), accuracy_m: String(Math.ceil(coords.accuracy)) };
      // Into the fields of the kind, where whoever stands there reads them and may mend them.
      for (const [name, value] of Object.entries(place)) form.elements[`metadata.${name}`].value = value;
      state.textContent = `${state.dataset.known}: ${place.latitude}, ${place.longitude} ± ${place.accuracy_m} ${state.dataset.metres}`;
    }, () => { state.textContent = state.dataset.denied; }, { enableHighAccuracy: true, timeout: 20_000 });
  }

  // Into a field that is empty or still holds what was proposed last: what somebody wrote there stands.
  function propose(name, value) {
    const field = form.elements[name];
    if (field.value === (proposed[name] ?? "")) field.value = value;
    proposed[name] = value;
  }

  // Photos that were taken just now bear the times of their taking; of one from the gallery nobody here knows when it was taken.
  function proposeTimes() {
    const taken = photos.map((photo) => photo.lastModified);
    const justNow = photos.length && taken.every((moment) => Math.abs(Date.now() - moment) < TAKEN_NOW_MS);
    propose("captured_from", justNow ? chinaTime(Math.min(...taken)) : "");
    propose("captured_until", justNow ? chinaTime(Math.max(...taken)) : "");
  }

  // One visit, one record, however many photos: a phone's camera hands over one at a time.
  function showPhotos() {
    album.replaceChildren(...photos.map((photo) => {
      const line = document.createElement("li");
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "secondary";
      remove.textContent = album.dataset.remove;
      remove.setAttribute("aria-label", `${album.dataset.remove} ${photo.name}`);
      remove.addEventListener("click", () => {
        photos = photos.filter((each) => each !== photo);
        showPhotos();
        form.elements.photo.focus();
      });
      line.append(`${photo.name} `, remove);
      return line;
    }));
    propose("metadata.photo_count", photos.length ? String(photos.length) : "");
    proposeTimes();
  }

  function addPhotos() {
    photos = [...photos, ...form.elements.photo.files];
    form.elements.photo.value = "";
    fault.textContent = "";
    showPhotos();
  }

  function show(number, label, text, record = "") {
    const line = lines.get(number) ?? document.createElement("li");
    if (!lines.has(number)) list.append(line);
    lines.set(number, line);
    line.replaceChildren(`${label} · ${text} `);
    if (record) {
      const link = document.createElement("a");
      link.href = `/records/${record}`;
      link.className = "mono";
      link.textContent = record;
      line.append(link);
    }
    document.querySelector("[data-none]").hidden = lines.size > 0;
    return line;
  }

  const labelOf = async (number) => (await queue.get(number)).fields.label;

  function refuse(number, label, sentence) {
    refused.add(number);
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "secondary";
    drop.textContent = words.drop;
    drop.addEventListener("click", async () => { await queue.remove(number); lines.get(number).remove(); lines.delete(number); });
    show(number, label, `${words.refused}: ${sentence}`).append(drop);
  }

  // Whether the place still keeps everything out: asked with no photo, for the answer comes only after all of it was sent.
  async function isStillOutside() {
    try {
      const answer = await fetch(form.dataset.placeAsked, { headers: { Accept: "application/json" }, redirect: "manual" });
      outside = answer.status === 403 && OF_THE_PLACE.includes((await answer.json()).code);
    } catch { /* nobody answered: as before */ }
    return outside;
  }

  // In order, one after the other; what the service refuses stays, and does not hold up the rest. By itself, or because somebody asked.
  async function sendAll(asked = false) {
    if (sending) return;
    sending = true;
    try {
      if (asked) {
        refused.clear();
        expired = false;
      }
      if (expired || outside && await isStillOutside()) return;
      const waiting = (await queue.numbers(owner)).filter((number) => !refused.has(number));
      for (const number of waiting) {
        const { fields: { case: ref, label, ...fields }, files } = await queue.get(number);
        show(number, label, words.sending);
        try {
          const address = form.dataset.address.replace("/0/", `/${ref}/`);
          const digests = (await Promise.all(files.map(sha256))).join(" ");
          const said = { csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value, ...fields, sha256: digests };
          const answer = await send(address, said, files, () => {});
          await queue.remove(number);
          show(number, label, words.kept, answer.record);
        } catch (refusal) {
          outside = OF_THE_PLACE.includes(refusal.code);
          expired = refusal.code === "form-expired";
          const stays = outside ? words.outside : expired ? words.expired : "";
          if (!stays && refusal.sentence && refusal.status < 500 && refusal.status !== 429) refuse(number, label, refusal.sentence);
          else {
            for (const each of waiting.slice(waiting.indexOf(number))) show(each, await labelOf(each), stays || words.waiting);
            break;
          }
        }
      }
    } finally {
      sending = false;
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!photos.length) {
      fault.textContent = fault.dataset.nothing;
      form.elements.photo.focus();
      return;
    }
    if (button.disabled) return;
    button.disabled = true;
    const kept = photos;
    const select = form.elements.case;
    const moment = chinaTime(Date.now());
    // What was left empty is unknown, and is not told.
    const said = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && value && !NOT_KEPT.includes(name));
    const fields = {
      ...Object.fromEntries(said),
      case: select.value, label: `${select.selectedOptions[0].textContent} ${moment.slice(11, 16)}`, key: freshKey(), kind: "visit",
    };
    fault.textContent = "";
    try {
      const number = await queue.put(owner, fields, kept);
      show(number, fields.label, outside ? words.outside : expired ? words.expired : words.waiting);
    } catch {
      fault.textContent = fault.dataset.words;
      return;
    } finally {
      button.disabled = false;
    }
    form.reset();
    proposed = {};
    photos = photos.filter((each) => !kept.includes(each));
    showPhotos();
    select.value = fields.case;
    state.textContent = state.dataset.unknown;
    sendAll();
  });
  form.elements.photo.addEventListener("change", addPhotos);
  form.querySelector("[data-ask-place]").addEventListener("click", askPlace);
  form.querySelector("[data-ask-place]").hidden = !navigator.geolocation;
  document.querySelector("[data-send-now]").addEventListener("click", () => sendAll(true));
  addEventListener("online", () => sendAll());
  setInterval(sendAll, AGAIN_MS);
  form.hidden = false;
  for (const number of await queue.numbers(owner)) show(number, await labelOf(number), words.waiting);
  sendAll();
}

if (form && globalThis.crypto?.subtle) start();
