// Counts the seconds of the step that runs: the hub tells when a step begins, and not every second after that.
const beginnings = new Map();

function count() {
  for (const place of document.querySelectorAll("[data-running]")) {
    const step = place.dataset.running;
    // From when this page first saw it: the clocks of phone and hub may differ.
    if (!beginnings.has(step)) beginnings.set(step, performance.now());
    const text = `${Math.floor((performance.now() - beginnings.get(step)) / 1000)} s`;
    if (place.textContent !== text) place.textContent = text;
  }
}
setInterval(count, 500);
document.addEventListener("refreshed", count);
count();
