// Makes one element like another, touching only what differs: focus, what is opened, and what is being typed stay.
// `data-busy`: in use, stays as it is. `data-own`: what is in it belongs to a script.

/** What tells an element from its siblings: its id, or the name of a field with what it stands for. */
function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  if (node.id) return `#${node.id}`;
  if (!node.matches("input[name], select[name], textarea[name]")) return null;
  const stands = node.matches("input[type=radio], input[type=checkbox]") ? node.getAttribute("value") : "";
  return `${node.nodeName} ${node.name} ${stands ?? ""}`;
}

const isAlike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName;
const isBusy = (node) => node.nodeType === Node.ELEMENT_NODE && node.dataset.busy !== undefined;

function copyAttributes(to, from) {
  // Whether details are open is for who looks at them to say.
  const isTheirs = (name) => name === "open" && to.nodeName === "DETAILS";
  for (const { name } of [...to.attributes]) if (!from.hasAttribute(name) && !isTheirs(name)) to.removeAttribute(name);
  for (const { name, value } of [...from.attributes]) {
    if (to.getAttribute(name) !== value && !isTheirs(name)) to.setAttribute(name, value);
  }
}

function place(parent, node, before) {
  if (parent.moveBefore && node.isConnected) parent.moveBefore(node, before);
  else parent.insertBefore(node, before);
}

/** Whether nothing but blanks is between two siblings. */
function onlyBlanks(from, to) {
  let node = from;
  while (node && node !== to && node.nodeType === Node.TEXT_NODE && !node.data.trim()) node = node.nextSibling;
  return node === to;
}

/** The first of each key; children that are to come twice are told apart by their place only. */
function keyed(nodes) {
  const found = new Map();
  for (const node of nodes) {
    const key = keyOf(node);
    if (key !== null && !found.has(key)) found.set(key, node);
  }
  return found;
}

function morphChildren(to, from) {
  const wanted = [...from.childNodes];
  const old = keyed(to.childNodes);
  const next = keyed(wanted);
  const hasKey = (node, map) => map.get(keyOf(node)) === node;
  // What goes, goes first, so that what stays need not move: moving takes the focus away.
  for (const [key, node] of old) {
    if (!isBusy(node) && !(next.has(key) && isAlike(node, next.get(key)))) {
      old.delete(key);
      node.remove();
    }
  }
  let current = to.firstChild;
  const passed = new Set();
  const skip = () => {
    while (current && passed.has(current)) current = current.nextSibling;
  };
  const free = (each) => {
    for (let node = current; node; node = node.nextSibling) {
      if (!passed.has(node) && !hasKey(node, old) && isAlike(node, each)) return node;
    }
    return null;
  };
  for (const each of wanted) {
    const match = hasKey(each, next) ? old.get(keyOf(each)) : free(each);
    if (match && isAlike(match, each)) {
      if (onlyBlanks(current, match)) current = match;
      else place(to, match, current);
      passed.add(match);
      skip();
      morph(match, each);
    } else {
      const made = document.importNode(each, true);
      to.insertBefore(made, current);
      passed.add(made);
    }
  }
  for (const node of [...to.childNodes]) if (!passed.has(node) && !isBusy(node)) node.remove();
}

/** Change `to` into `from`, its parts included. */
export function morph(to, from) {
  if (to.nodeType !== Node.ELEMENT_NODE) {
    if (to.data !== from.data) to.data = from.data;
    return;
  }
  if (isBusy(to) || to.dataset.own !== undefined) return;
  if (to === document.activeElement && to.matches("input, textarea, select")) return;
  copyAttributes(to, from);
  morphChildren(to, from);
}
