// The large control of a door: asked, moving, done; or why not. It says only what the lock has told.
import { say, send } from "./home.js";
import { on, refresh } from "./live.js";

const PATIENCE_MS = 12_000;
const waiting = new Map();

function stop(form) {
  const wait = waiting.get(form);
  if (!wait) return;
  clearTimeout(wait.timer);
  waiting.delete(form);
  delete form.dataset.busy;
  form.classList.remove("asking", "moving");
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-control]")) return;
  event.preventDefault();
  if (waiting.has(form)) return;
  const said = form.querySelector(".said");
  const door = form.closest("[id]").id;
  const wait = { door, timer: null, hasMoved: false };
  waiting.set(form, wait);
  form.dataset.busy = "";
  form.classList.remove("failed");
  form.classList.add("asking");
  said.textContent = await say("script.asking");
  try {
    await send(form, event.submitter);
    if (!waiting.has(form)) return;
    form.classList.replace("asking", "moving");
    said.textContent = await say("script.moving");
    wait.timer = setTimeout(async () => {
      stop(form);
      said.textContent = await say("script.not_moved");
      refresh();
    }, PATIENCE_MS);
    if (wait.hasMoved) done(form);
  } catch (error) {
    stop(form);
    form.classList.add("failed");
    said.textContent = error.message;
  }
});

function done(form) {
  const said = form.querySelector(".said");
  stop(form);
  said.textContent = "";
  refresh();
}

on("lock_state", (event) => {
  for (const [form, wait] of waiting) {
    if (wait.door !== event.door_id) continue;
    wait.hasMoved = true;
    if (form.classList.contains("moving")) done(form);
  }
});
