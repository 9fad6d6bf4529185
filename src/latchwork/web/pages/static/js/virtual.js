// A drawn door comes alive: keys in their order, buttons held as long as they are held, and a lock that speaks.
import { csrf, say, send } from "./home.js";
import { on, refresh } from "./live.js";

const place = document.querySelector("[data-virtual]");
const status = document.getElementById("holding");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const CIRCLE = 100;
const LIT_MS = 180;

// One thing after the other: a code's digits must arrive in their order.
let last = Promise.resolve();
let keys = "";

function tell(text, isBad = false) {
  status.textContent = text;
  status.classList.toggle("bad", isBad);
}

function queue(work) {
  last = last.then(work).then(
    () => status.classList.contains("bad") && tell(""),
    (error) => tell(error.message, true),
  );
  return last;
}

async function act(words, keepalive = false) {
  const answer = await fetch(place.dataset.actAt, {
    method: "POST",
    body: JSON.stringify(words),
    headers: { accept: "application/json", "content-type": "application/json", "x-csrf-token": csrf() },
    redirect: "manual",
    keepalive,
  });
  if (answer.type === "opaqueredirect") location.reload();
  else if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error([problem.title, problem.detail].filter(Boolean).join(". ") || (await say("script.failed")));
  }
}

function light(element) {
  if (!element) return;
  element.classList.add("lit");
  setTimeout(() => element.classList.remove("lit"), LIT_MS);
}

function press(key) {
  light(document.querySelector(`.key[value="${key}"]`));
  keys += key;
  queue(async () => {
    const typed = keys;
    keys = "";
    if (typed) await act({ keys: typed });
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-act]")) return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.name === "key") {
    press(button.value);
    return;
  }
  if (button?.dataset.hold) return;
  if (button?.dataset.shows) light(document.querySelector(`[data-sensor="${button.dataset.shows}"]`));
  else light(button);
  queue(() => send(form, button));
});

// Whoever stands at the keypad may type on their own keys.
document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.(".plate.outer") || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key === "Backspace" ? "*" : event.key;
  if (!/^[0-9*#]$/.test(key) || !document.querySelector(".key")) return;
  event.preventDefault();
  press(key);
});

// Held buttons: pressed and let go as hands do it, with a ring that is full when the lock has had enough.
let held = null;

function begin(button) {
  if (held) return;
  const seconds = Number(button.dataset.seconds);
  held = { button, name: button.dataset.hold, timer: null, ring: null };
  button.dataset.busy = "";
  button.classList.add("down");
  queue(() => act({ press: button.dataset.hold }));
  if (!seconds) return;
  const started = performance.now();
  if (!calm.matches) {
    const frames = [{ strokeDashoffset: CIRCLE }, { strokeDashoffset: 0 }];
    held.ring = button.querySelector(".growing").animate(frames, { duration: seconds * 1000, fill: "forwards" });
  }
  const count = async () => {
    const left = Math.ceil(seconds - (performance.now() - started) / 1000);
    const text = await (left > 0 ? say("script.virtual.holding", { seconds: left }) : say("script.virtual.held"));
    if (held?.button !== button) return;
    if (left <= 0) button.classList.add("done");
    tell(text);
  };
  held.timer = setInterval(count, 250);
  setTimeout(count, 400);
}

function end(keepalive = false) {
  if (!held) return;
  const { button, name, timer, ring } = held;
  held = null;
  clearInterval(timer);
  ring?.cancel();
  button.classList.remove("down", "done");
  delete button.dataset.busy;
  tell("");
  if (keepalive) act({ release: name }, true).catch(() => {});
  else queue(() => act({ release: name }));
}

document.addEventListener("pointerdown", (event) => {
  const button = event.target.closest?.(".push[data-hold]");
  if (!button || event.button) return;
  button.setPointerCapture?.(event.pointerId);
  begin(button);
});
for (const kind of ["pointerup", "pointercancel"]) document.addEventListener(kind, () => end());
document.addEventListener("contextmenu", (event) => {
  if (event.target.closest?.(".push[data-hold]")) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const button = event.target.closest?.(".push[data-hold]");
  if (!button || (event.key !== " " && event.key !== "Enter")) return;
  event.preventDefault();
  if (!event.repeat) begin(button);
});
document.addEventListener("keyup", (event) => {
  if (event.key === " " || event.key === "Enter") {
    if (held) event.preventDefault();
    end();
  }
});
document.addEventListener("focusout", (event) => held?.button === event.target && end());
addEventListener("pagehide", () => end(true));

// What it says goes away again, as words do.
function fade() {
  for (const bubble of document.querySelectorAll(".bubble:not([data-fading])")) {
    bubble.dataset.fading = "";
    setTimeout(() => bubble.classList.add("gone"), Number(bubble.dataset.lasts) * 1000);
  }
}

function shake(element, distance) {
  if (!element || calm.matches) return;
  const frames = [0, -distance, distance, -distance, distance, 0].map((x) => ({ translate: `${x}px 0` }));
  element.animate(frames, { duration: 320, easing: "ease-out" });
}

const sound = document.getElementById("sound");
if ("speechSynthesis" in window) {
  sound.hidden = false;
  sound.addEventListener("click", () => {
    const isOn = sound.getAttribute("aria-pressed") !== "true";
    sound.setAttribute("aria-pressed", String(isOn));
    if (!isOn) speechSynthesis.cancel();
  });
}

function speak(text) {
  if (sound.getAttribute("aria-pressed") !== "true") return;
  speechSynthesis.cancel();
  speechSynthesis.speak(new SpeechSynthesisUtterance(text));
}

on("virtual", (event) => {
  if (event.virtual_id !== place.dataset.virtual) return;
  if (event.event === "said") speak(event.text);
  else if (event.event === "refused") for (const plate of document.querySelectorAll(".plate.outer")) shake(plate, 6);
  else if (event.event === "held") shake(document.querySelector("[data-leaf]"), 3);
});

const battery = document.getElementById("battery");
battery?.addEventListener("input", () => {
  document.getElementById("battery-now").textContent = `${battery.value} %`;
});

document.addEventListener("refreshed", () => {
  fade();
  const slider = document.getElementById("battery");
  if (slider && slider !== document.activeElement) slider.value = slider.getAttribute("value");
});
fade();
setInterval(() => document.querySelector(".bubble.gone") && refresh(), 5000);
