// Every page of the app: live parts, controls, times that stay true, forms that ask first, and the worker that makes it installable.
import { home, say } from "./home.js";
import "./live.js";
import "./control.js";
import "./ask.js";
import "./drafts.js";
import "./menus.js";
import "./once.js";

async function keepTimes() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    if (hours >= 24) continue;
    if (minutes < 1) time.textContent = await say("script.just_now");
    else if (minutes === 1) time.textContent = await say("script.minute_ago");
    else if (hours < 1) time.textContent = await say("script.minutes_ago", { count: minutes });
    else if (hours === 1) time.textContent = await say("script.hour_ago");
    else time.textContent = await say("script.hours_ago", { count: hours });
  }
}
setInterval(keepTimes, 20_000);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const before = button.textContent;
  button.textContent = await say("script.copied");
  setTimeout(() => (button.textContent = before), 1500);
});

if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register(`${home}/sw.js`).catch(() => {});
