// Keeps what never changes, and shows a page of its own when the hub does not answer. It keeps no page: what it shows would not be so.
const CACHE = "latchwork-{version}";
const OFFLINE = new URL("offline", registration.scope).href;
const NEEDED = ["app.css", "js/offline.js", "img/icon.svg"].map((name) => new URL(`static/{version}/${name}`, registration.scope).href);

addEventListener("install", (event) => {
  // Asked for as nobody, so that nothing of whoever is signed in is kept.
  const all = [OFFLINE, ...NEEDED].map((address) => new Request(address, { credentials: "omit" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(all)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("latchwork-") && name !== CACHE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))));
});

async function kept(request) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (new URL(request.url).pathname.includes("/static/")) event.respondWith(kept(request));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
});
