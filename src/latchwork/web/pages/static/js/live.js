// Keeps a page true: whenever the hub tells of something that a part shows, the page is asked for again and the part is made like it.
import { home, lastEvent, say } from "./home.js";
import { morph } from "./morph.js";

const KINDS = [
  "lock_state", "door_state", "battery", "mode", "reachability", "troubles", "sync", "proof", "locks", "fabrics", "journal",
  "person", "job", "enrolment", "share", "calendar", "notification", "virtual",
];
const SOON_MS = 25;
const LATE_MS = 1500;
const LOST_MS = 2500;

const banner = document.getElementById("connection");
const listeners = new Map();
let timer = null;
let asking = false;
let again = false;
let last = lastEvent;
let lostSince = null;

/** Call a function with each event of a kind. */
export function on(kind, listener) {
  listeners.set(kind, [...(listeners.get(kind) ?? []), listener]);
}

const parts = () => [...document.querySelectorAll("[data-live]")];

async function tell(key, values) {
  const text = key ? await say(key, values) : "";
  if (banner.textContent !== text) banner.textContent = text;
  banner.hidden = !text;
}

/** Ask for the page again now, and make its live parts like it. */
export async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const late = setTimeout(() => tell("script.late"), LATE_MS);
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts()) {
        const found = page.getElementById(part.id);
        if (found) morph(part, found);
      }
      document.dispatchEvent(new CustomEvent("refreshed"));
      if (!lostSince) await tell("");
    }
  } catch {
    // The stream of events notices that the hub is gone, and asks again when it is back.
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
  if (event.lastEventId) last = event.lastEventId;
  for (const listener of listeners.get(event.type) ?? []) listener(JSON.parse(event.data));
  if (parts().some((part) => part.dataset.live.split(" ").includes(event.type))) soon();
}

function follow() {
  const source = new EventSource(`${home}/api/v1/events?after=${encodeURIComponent(last)}`);
  let lost = null;
  source.onopen = () => {
    clearTimeout(lost);
    if (lostSince) {
      lostSince = null;
      tell("");
      refresh();
    }
  };
  source.onerror = () => {
    clearTimeout(lost);
    const since = new Date();
    lost = setTimeout(() => {
      lostSince ??= since;
      const clock = lostSince.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      tell("script.lost", { clock });
    }, LOST_MS);
    if (source.readyState === EventSource.CLOSED) {
      // The hub said no: signed out, or not allowed to follow events. Asking for the page tells which.
      setTimeout(async () => {
        await refresh();
        follow();
      }, 5000);
    }
  };
  source.addEventListener("reset", () => refresh());
  for (const kind of KINDS) source.addEventListener(kind, heard);
  addEventListener("pagehide", () => source.close(), { once: true });
}

function poll() {
  setInterval(refresh, 10_000);
}

addEventListener("pageshow", (event) => {
  // From the browser's memory of pages: what it shows is of then.
  if (event.persisted) {
    refresh();
    follow();
  }
});
addEventListener("online", () => refresh());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && parts().length) refresh();
});

if (parts().length || document.querySelector("[data-follow]")) {
  if (document.body.dataset.events === "no") poll();
  else follow();
}
