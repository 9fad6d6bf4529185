// Makes one element like another, touching only what differs: focus, open details and what is being typed stay.

function sameKind(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");
}

function copyAttributes(to, from) {
  for (const { name } of [...to.attributes]) {
    if (!from.hasAttribute(name) && !(to.nodeName === "DETAILS" && name === "open")) to.removeAttribute(name);
  }
  for (const { name, value } of [...from.attributes]) {
    if (to.getAttribute(name) !== value) to.setAttribute(name, value);
  }
}

/** Change `to` into `from`; an element with `data-busy` is being used and stays as it is. */
export function morph(to, from) {
  if (to.nodeType === Node.TEXT_NODE) {
    if (to.data !== from.data) to.data = from.data;
    return;
  }
  if (to.nodeType !== Node.ELEMENT_NODE || to.dataset.busy !== undefined) return;
  if (to.matches("input, textarea, select") && to === document.activeElement) return;
  copyAttributes(to, from);
  const wanted = [...from.childNodes];
  let current = to.firstChild;
  for (const next of wanted) {
    let match = current;
    if (next.id) match = [...to.childNodes].find((each) => each.id === next.id) ?? null;
    else while (match && match.id) match = match.nextSibling;
    if (match && sameKind(match, next)) {
      if (match !== current) to.insertBefore(match, current);
      else current = current.nextSibling;
      morph(match, next);
    } else {
      to.insertBefore(document.importNode(next, true), current);
    }
  }
  while (current) {
    const after = current.nextSibling;
    if (current.nodeType !== Node.ELEMENT_NODE || current.dataset.busy === undefined) current.remove();
    current = after;
  }
}
