// A form is sent once: the second click of a double click is not meant. One that leads to a file leaves its page where it is, and is free again soon.
const FREE_MS = 3000;
const sent = new WeakMap();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("form[method=post]")) return;
  if (performance.now() - (sent.get(form) ?? -Infinity) < FREE_MS) event.preventDefault();
  else sent.set(form, performance.now());
});
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) sent.delete(form);
});
