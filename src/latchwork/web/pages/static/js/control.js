// The large control of a door: asked, moving, done; or why not. It says only what the lock has told.
import { say, send } from "./home.js";
import { on, refresh } from "./live.js";

const PATIENCE_MS = 12_000;
const waiting = new Map();

const doorOf = (form) => form.closest("[id]").id;

function tell(form, text, isBad = false) {
  const said = form.querySelector(".said");
  said.dataset.own = "";
  said.textContent = text;
  said.classList.toggle("failed", isBad);
}

function stop(form) {
  const wait = waiting.get(form);
  if (!wait) return;
  clearTimeout(wait.timer);
  waiting.delete(form);
  delete form.dataset.busy;
  form.classList.remove("asking", "moving");
}

// The second click of a double click is not meant: a quick lock has moved before it, and would move back.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("[data-control] button")) event.preventDefault();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-control]")) return;
  event.preventDefault();
  if (waiting.has(form)) return;
  const wait = { door: doorOf(form), timer: null, hasMoved: false };
  waiting.set(form, wait);
  form.dataset.busy = "";
  form.classList.add("asking");
  const submitter = event.submitter;
  tell(form, await say("script.asking"));
  try {
    await send(form, submitter);
    if (!waiting.has(form)) return;
    form.classList.replace("asking", "moving");
    tell(form, await say("script.moving"));
    wait.timer = setTimeout(async () => {
      stop(form);
      tell(form, await say("script.not_moved"), true);
      refresh();
    }, PATIENCE_MS);
    if (wait.hasMoved) done(form);
  } catch (error) {
    stop(form);
    tell(form, error.message, true);
    refresh();
  }
});

function done(form) {
  stop(form);
  tell(form, "");
  refresh();
}

// Why something did not work is true until the lock is heard of again.
function forget(door) {
  for (const said of document.querySelectorAll(".said.failed")) {
    const form = said.closest("form");
    if (doorOf(form) === door && !waiting.has(form)) tell(form, "");
  }
}

on("lock_state", (event) => {
  forget(event.door_id);
  for (const [form, wait] of waiting) {
    if (wait.door !== event.door_id) continue;
    wait.hasMoved = true;
    if (form.classList.contains("moving")) done(form);
  }
});
on("reachability", (event) => {
  if (event.is_reachable) forget(event.door_id);
});
