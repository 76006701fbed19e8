// Elements made of attributes and text. Nothing that comes from the data is ever read as markup: text goes in as text nodes, and the
// names of elements and attributes are written in this page's own code.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Sets text only when it differs, so that what reads the page aloud is told of changes alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Runs what redraws; whoever had the focus has it afterwards, though its element may have been moved. */
export function keepingFocus(redraw) {
  const focused = document.activeElement;
  redraw();
  if (focused && focused !== document.body && focused !== document.activeElement && focused.isConnected) {
    focused.focus({ preventScroll: true });
  }
}

/**
 * Children of `parent` by key, made once and kept in the order of `items`: update(node, item) is called for each.
 */
export function keyed(parent, items, keyOf, make, update) {
  const known = parent.keyedNodes ?? (parent.keyedNodes = new Map());
  const wanted = new Set(items.map(keyOf));
  for (const [key, node] of known) {
    if (!wanted.has(key)) {
      node.remove();
      known.delete(key);
    }
  }
  let at = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    let node = known.get(key);
    if (!node) known.set(key, (node = make(item)));
    update(node, item);
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}
