// What is left of the time that something is open: each second to see, each minute to hear, and the page anew when it is over.
import { say } from "./home.js";
import { refresh } from "./live.js";

const ends = new WeakMap();
const spoken = new WeakMap();

/** The hub says how much is left, and not only until when: the clocks of phone and hub may differ. */
function endOf(place) {
  const { ends: key, leftS } = place.dataset;
  const known = ends.get(place);
  if (known?.key === key) return known;
  const found = { key, at: performance.now() + Number(leftS) * 1000, isOver: false };
  ends.set(place, found);
  return found;
}

async function count() {
  for (const place of document.querySelectorAll("[data-ends]")) {
    const end = endOf(place);
    const seconds = Math.ceil((end.at - performance.now()) / 1000);
    const shown = place.querySelector("[data-left]");
    const heard = place.querySelector("[data-spoken]");
    if (seconds <= 0) {
      if (end.isOver) continue;
      end.isOver = true;
      shown.textContent = heard.textContent = await say("script.share.over");
      setTimeout(refresh, 1500);
      continue;
    }
    const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    shown.textContent = await say("script.share.left", { left });
    const minutes = Math.ceil(seconds / 60);
    if (spoken.get(place) === minutes) continue;
    spoken.set(place, minutes);
    heard.textContent = await say(minutes === 1 ? "script.share.minute" : "script.share.minutes", { count: minutes });
  }
}
setInterval(count, 1000);
document.addEventListener("refreshed", count);
count();
