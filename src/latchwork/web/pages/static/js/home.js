// Where this app is, who looks, and how it speaks to the hub.
const root = document.documentElement;
export const home = root.dataset.home;
export const lastEvent = root.dataset.lastEvent;

/** Asked for at once: what is said when the hub is gone cannot be asked for then. */
let texts = load();

function load() {
  const asked = fetch(`${home}/texts.json`).then((answer) => answer.json());
  asked.catch(() => (texts = null));
  return asked;
}

/** A text by its key, with its blanks filled in. */
export async function say(key, values = {}) {
  texts ??= load();
  const text = (await texts.catch(() => ({})))[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The token that shows that one of our pages asks. */
export const csrf = () => document.querySelector("meta[name=csrf-token]").content;

/** Sends a form as a script; throws an error with what the hub said. */
export async function send(form, submitter) {
  const body = new FormData(form, submitter);
  let answer;
  try {
    answer = await fetch(form.action, {
      method: "POST",
      body,
      headers: { accept: "application/json", "x-csrf-token": csrf() },
      redirect: "manual",
    });
  } catch {
    throw new Error(await say("script.no_hub"));
  }
  if (answer.type === "opaqueredirect") {
    location.reload();
    return null;
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error([problem.title, problem.detail].filter(Boolean).join(". ") || (await say("script.failed")));
  }
  return answer;
}
