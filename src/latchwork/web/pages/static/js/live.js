// Keeps a page true: whenever the hub tells of something that a part shows, the page is asked for again and the part is made like it.
import { home, lastEvent, say } from "./home.js";
import { keepTyped } from "./drafts.js";
import { morph } from "./morph.js";

const KINDS = [
  "lock_state", "door_state", "battery", "mode", "reachability", "troubles", "sync", "proof", "locks", "fabrics", "journal",
  "person", "job", "enrolment", "sharing", "history", "lock_setting", "calendar", "notification", "virtual", "hub", "storage",
];
const SOON_MS = 25;
const LATE_MS = 1500;
const LOST_MS = 2500;
const GIVEN_UP_MS = 20_000;
const AGAIN_MS = 3000;
/** A connection that is dead without a word is found by asking after so much silence. */
const SILENCE_MS = 30_000;

const root = document.documentElement;
const banner = document.getElementById("connection");
const listeners = new Map();
let timer = null;
let asking = false;
let again = false;
let last = lastEvent;
let source = null;
/** When the hub was last heard of, by both clocks of this browser: one for silence, one for people. */
let heardAt = performance.now();
let heardOn = new Date();
let isLost = false;
let losing = null;
let told = 0;

/** Call a function with each event of a kind. */
export function on(kind, listener) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
}

const parts = () => [...document.querySelectorAll("[data-live]")];

async function tell(key, values) {
  const turn = ++told;
  const text = key ? await say(key, values) : "";
  if (turn !== told) return;
  if (banner.textContent !== text) banner.textContent = text;
  banner.hidden = !text;
}

function heardOfHub() {
  heardAt = performance.now();
  heardOn = new Date();
}

function doubt() {
  losing ??= setTimeout(lose, LOST_MS);
}

/** The hub does not answer: what is shown is of then, and looks so. */
function lose() {
  losing = null;
  if (isLost) return;
  isLost = true;
  root.dataset.connection = "lost";
  tell("script.lost", { clock: heardOn.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) });
}

/** What is shown is of now again. */
function found() {
  heardOfHub();
  clearTimeout(losing);
  losing = null;
  isLost = false;
  delete root.dataset.connection;
  tell("");
}

async function newest() {
  const answer = await fetch(location.href, {
    headers: { accept: "text/html" },
    cache: "no-store",
    signal: AbortSignal.timeout(GIVEN_UP_MS),
  });
  return [answer, await answer.text()];
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const style = (from) => from.querySelector("link[rel=stylesheet]")?.getAttribute("href");
  if (style(page) !== style(document)) {
    // The hub is of another version now, and so are its scripts.
    keepTyped();
    location.reload();
    return;
  }
  const focused = document.activeElement;
  for (const part of parts()) {
    const like = page.getElementById(part.id);
    if (like) morph(part, like);
  }
  if (focused.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("refreshed"));
}

/** Ask for the page again now, and make its live parts like it. */
export async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const late = setTimeout(() => isLost || tell("script.late"), LATE_MS);
  try {
    const [answer, text] = await newest();
    if (answer.redirected) {
      keepTyped();
      location.assign(answer.url);
      return;
    }
    if (answer.ok) {
      show(text);
      found();
    } else if (answer.status >= 500 || answer.status === 429) doubt();
    else location.reload();
  } catch {
    doubt();
  } finally {
    clearTimeout(late);
    asking = false;
    if (again) {
      again = false;
      soon();
    }
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, SOON_MS);
}

function heard(event) {
  heardOfHub();
  if (event.lastEventId) last = event.lastEventId;
  for (const listener of listeners.get(event.type) ?? []) listener(JSON.parse(event.data));
  if (parts().some((part) => part.dataset.live.split(" ").includes(event.type))) soon();
}

function follow() {
  source?.close();
  const opened = (source = new EventSource(`${home}/api/v1/events?after=${encodeURIComponent(last)}`));
  let wasOpen = false;
  opened.onopen = () => {
    // The first time, the page is as new as the stream; after a break it is asked for, and says itself that it is found.
    if (wasOpen || isLost || losing) refresh();
    wasOpen = true;
  };
  opened.onerror = () => {
    doubt();
    if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
    // The hub said no: signed out, not allowed to follow events, or too many do. Asking for the page tells which.
    setTimeout(async () => {
      await refresh();
      if (source === opened) follow();
    }, AGAIN_MS);
  };
  opened.addEventListener("reset", () => refresh());
  for (const kind of KINDS) opened.addEventListener(kind, heard);
}

const isLive = () => parts().length > 0 || document.querySelector("[data-follow]") !== null;
const isPolling = document.body.dataset.events === "no";

function begin() {
  if (!isPolling) follow();
}

addEventListener("pagehide", () => {
  source?.close();
  source = null;
});
addEventListener("pageshow", (event) => {
  // From the browser's memory of pages: what it shows is of then.
  if (!event.persisted || !isLive()) return;
  doubt();
  refresh();
  begin();
});
addEventListener("online", () => isLive() && refresh());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && isLive()) refresh();
});

if (isLive()) {
  begin();
  setInterval(() => {
    if (!document.hidden && performance.now() - heardAt > (isPolling ? 9_000 : SILENCE_MS)) refresh();
  }, isPolling ? 10_000 : 5000);
}
