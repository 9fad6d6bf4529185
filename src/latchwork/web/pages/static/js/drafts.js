// What was typed into a form is there again when somebody had to sign in before it could be sent. Codes and passwords are not kept.
import { say } from "./home.js";

const KEY = "latchwork-draft";
const BOXES = "[type=radio], [type=checkbox]";
const KEPT = "input[name]:not([type=password], [type=hidden], [type=file], [name=code], [name=setup_code], [data-secret]), select[name], textarea[name]";

function valuesOf(form) {
  return [...form.querySelectorAll(KEPT)].map((field) => [field.name, field.value, field.matches(BOXES) ? field.checked : null]);
}

function isTouched(form) {
  return [...form.querySelectorAll(KEPT)].some((field) => {
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.matches(BOXES) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  });
}

function keep(form) {
  const draft = { path: location.pathname + location.search, action: form.getAttribute("action"), values: valuesOf(form) };
  sessionStorage.setItem(KEY, JSON.stringify(draft));
}

/** Keep what is being typed, since this page is about to be left for no reason of who types. */
export function keepTyped() {
  const form = [...document.querySelectorAll("form[method=post]")].find(isTouched);
  if (form) keep(form);
}

function put(field, value, checked) {
  const was = checked === null ? field.value : field.checked;
  if (checked === null) field.value = value;
  else field.checked = checked;
  const details = field.closest("details");
  if (details && was !== (checked ?? value)) details.open = true;
}

function bringBack({ path, action, values }) {
  if (path !== location.pathname + location.search) return;
  const form = [...document.querySelectorAll("form[method=post]")].find((each) => each.getAttribute("action") === action);
  if (!form) return;
  const fields = [...form.querySelectorAll(KEPT)];
  for (const [name, value, checked] of values) {
    const isOne = (each) => each.name === name && (!each.matches(BOXES) || each.value === value);
    const index = fields.findIndex(isOne);
    if (index >= 0) put(fields.splice(index, 1)[0], value, checked);
  }
  const line = document.createElement("p");
  line.className = "notice";
  say("script.draft").then((text) => (line.textContent = text));
  document.getElementById("notices")?.append(line);
}

/** Whether the page before this one was where people sign in. */
const hasSignedIn = () => document.referrer && new URL(document.referrer).pathname.includes("/sign-in");

const draft = sessionStorage.getItem(KEY);
sessionStorage.removeItem(KEY);
const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
if (draft && (hasSignedIn() || isReload)) bringBack(JSON.parse(draft));

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[method=post]") && isTouched(event.target)) keep(event.target);
});
