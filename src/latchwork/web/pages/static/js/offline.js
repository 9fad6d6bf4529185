// The hub did not answer: asked again every few seconds, and as soon as it does, the page that was wanted comes.
const AGAIN_MS = 2500;

async function ask() {
  try {
    await fetch(location.href, { cache: "no-store", redirect: "manual" });
    location.reload();
  } catch {
    setTimeout(ask, AGAIN_MS);
  }
}
setTimeout(ask, AGAIN_MS);
