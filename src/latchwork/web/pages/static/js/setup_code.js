// The setup code: checked by the hub while it is typed, read from a photo that is made small first, or scanned live where the browser can.
import { csrf, home } from "./home.js";

const MAX_SIDE = 1600;
const PAUSE_MS = 200;
const form = document.querySelector("[data-setup-code]");
const field = form.elements.setup_code;
const photo = form.elements.photo;
const said = document.getElementById("code-said");
const atFirst = said.textContent;
let timer = null;
let asked = 0;

async function check() {
  const number = ++asked;
  if (!field.value.trim()) {
    show("", atFirst);
    return;
  }
  // In a form's body: addresses are kept in histories and logs.
  const body = new URLSearchParams({ setup_code: field.value });
  const headers = { "x-csrf-token": csrf(), accept: "application/json" };
  const answer = await fetch(`${home}/add-lock/check`, { method: "POST", body, headers }).catch(() => null);
  if (number !== asked || !answer?.ok) return;
  const { state, text } = await answer.json();
  show(state, text);
}

function show(state, text) {
  said.dataset.state = state;
  if (said.textContent !== text) said.textContent = text;
}

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE_MS);
});
// What was typed before this script was there counts too.
if (field.value) field.dispatchEvent(new Event("input"));

async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  return new File([blob], "photo.jpg", { type: "image/jpeg" });
}

photo.addEventListener("change", async () => {
  if (!photo.files.length) return;
  try {
    const list = new DataTransfer();
    list.items.add(await smaller(photo.files[0]));
    photo.files = list.files;
  } catch {
    // Not a picture that this browser can open: the hub says what it makes of it.
  }
  form.requestSubmit();
});

const finder = document.querySelector("[data-viewfinder]");
const begin = document.querySelector("[data-live-camera]");
let stream = null;

function stop() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  finder.hidden = true;
  begin.hidden = false;
}

async function scan() {
  const video = finder.querySelector("video");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    begin.hidden = true; // no camera, or not allowed: a photo does as well
    photo.focus();
    return;
  }
  video.srcObject = stream;
  finder.hidden = false;
  begin.hidden = true;
  await video.play();
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  let last = "";
  while (stream) {
    const found = await detector.detect(video).catch(() => []);
    const text = (found.find((each) => each.rawValue.includes("MT:")) ?? found[0])?.rawValue ?? "";
    if (text.includes("MT:")) {
      field.value = text;
      stop();
      form.requestSubmit();
      return;
    }
    if (text && text !== last) {
      last = text;
      field.value = text;
      await check();
    }
    await new Promise((done) => setTimeout(done, 120));
  }
}

async function offerCamera() {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return;
  begin.hidden = false;
  begin.addEventListener("click", scan);
  finder.querySelector("[data-stop]").addEventListener("click", stop);
  addEventListener("pagehide", stop);
}
offerCamera();
