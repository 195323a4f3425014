// Elements, and text made safe to look at. All text goes through `shown`: what came from the network is never HTML,
// and what would turn the direction of writing, or not be seen, is written as an escape (as in a terminal).

const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

const escaped = (letter) => {
  const code = letter.codePointAt(0);
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
};

export const shown = (text) => String(text).replace(UNSAFE, escaped);

// Text of several lines: their ends, and tabs, are no danger.
export const shownLines = (text) => String(text).replace(UNSAFE, (letter) => (letter === "\n" || letter === "\t" ? letter : escaped(letter)));

// h("a.badge", { href: "/", onclick: f }, "text", child, [children]); nothing of null, false or undefined.
export function h(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : shown(value));
  }
  fill(element, children);
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

// Fills a place anew, and gives the focus back to what stands where it was.
export function keepFocus(place, refill) {
  const before = place.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  refill();
  if (before && !place.contains(document.activeElement))
    [...place.querySelectorAll("a, button, input, select")].find((each) => nameOf(each) === before)?.focus({ preventScroll: true });
}

const nameOf = (element) => element.getAttribute("aria-label") || element.getAttribute("href") || element.id || element.textContent;

function* nodes(children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    yield child instanceof Node ? child : document.createTextNode(shownLines(child));
  }
}

// The element that the address names behind its #; null when there is none.
export function named() {
  try {
    return document.getElementById(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return null; // it is no text in percents
  }
}

const whole = new Intl.NumberFormat("en");
export const count = (number) => whole.format(number);
export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

export function bytes(number) {
  if (number === null || number === undefined) return "";
  if (number < 1000) return `${number} B`;
  const unit = Math.min(3, Math.floor(Math.log10(number) / 3));
  const value = number / 1000 ** unit;
  return `${value < 10 && unit > 1 ? value.toFixed(1) : Math.round(value)} ${"kMG"[unit - 1]}B`;
}

export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");

export const icon = (path) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": true }))
    svg.setAttribute(name, value);
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [name, value] of Object.entries({
    d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round",
  }))
    drawn.setAttribute(name, value);
  svg.append(drawn);
  return svg;
};
