// Passkeys: asks the hub what to ask, the browser for an answer, and sends it as the form that stands on the page.
import { home, csrf, say } from "./home.js";

const KEYS = ["challenge", "id", "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

function octets(text) {
  const packed = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
}

function text(octets) {
  const letters = Array.from(new Uint8Array(octets), (each) => String.fromCharCode(each)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The hub's options as browsers want them: what is octets comes as text. */
function asked(options) {
  const found = { ...options, challenge: octets(options.challenge) };
  if (options.user) found.user = { ...options.user, id: octets(options.user.id) };
  for (const name of ["excludeCredentials", "allowCredentials"]) {
    if (options[name]) found[name] = options[name].map((each) => ({ ...each, id: octets(each.id) }));
  }
  return found;
}

/** What the browser answered, as the hub wants it. */
function answered(credential) {
  const response = {};
  for (const key of KEYS) {
    if (credential.response[key]) response[key] = text(credential.response[key]);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

async function run(form) {
  const status = form.querySelector("[role=status]");
  const tell = async (key) => {
    status.textContent = key ? await say(key) : "";
  };
  const body = new URLSearchParams();
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    body,
    headers: { accept: "application/json", "x-csrf-token": csrf() },
    redirect: "manual",
  });
  if (answer.type === "opaqueredirect") {
    location.assign(`${home}/confirm?next=${encodeURIComponent(form.dataset.back)}`);
    return;
  }
  const options = await answer.json();
  if (!answer.ok) {
    status.textContent = [options.title, options.detail].filter(Boolean).join(". ");
    return;
  }
  await tell("script.passkey.asking");
  const isNew = form.dataset.passkey === "add";
  try {
    const publicKey = asked(options);
    const found = isNew
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    form.querySelector("[name=credential]").value = JSON.stringify(answered(found));
    await tell("");
    HTMLFormElement.prototype.submit.call(form);
  } catch (error) {
    // The browser does not tell apart who said no and who has none.
    await tell(error.name === "InvalidStateError" ? "script.passkey.known" : "script.passkey.none");
  }
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) {
    for (const each of document.querySelectorAll("[data-without-passkeys]")) each.hidden = false;
    continue;
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(form).catch(() => location.reload());
  });
}
