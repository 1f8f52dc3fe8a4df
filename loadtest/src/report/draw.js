// Owns what every plot is made of: elements, scales, axes with their numbers, the box beside the pointer.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const numbers = JSON.parse(document.getElementById("numbers").textContent);

/// Whether the page is being laid out for paper.
const page = { isPaper: false };

/// How wide a figure's drawing is. A page of paper is about 700 px wide, and a pair shares it.
function widthOf(figure) {
  const onPaper = figure.closest(".pair") ? 335 : 690;
  return Math.max(260, page.isPaper ? onPaper : figure.querySelector(".canvas").clientWidth);
}

/// An element of a drawing. Words come in as text, so they stay words.
function draw(parent, name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function put(parent, name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

/// Three digits, as in the tables.
function digits(value) {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

function asTime(us) {
  if (us < 1e3) return `${Math.round(us)} µs`;
  return us < 999.5e3 ? `${digits(us / 1e3)} ms` : `${digits(us / 1e6)} s`;
}

function asCount(value) {
  if (value < 10 && value % 1 !== 0) return value.toFixed(2);
  if (value < 1e4) return Math.round(value).toLocaleString("en");
  if (value < 999.5e3) return `${digits(value / 1e3)}k`;
  return value < 999.5e6 ? `${digits(value / 1e6)}M` : `${digits(value / 1e9)}G`;
}

/// Where there is room for all digits.
function asExact(value) {
  return value % 1 === 0 ? value.toLocaleString("en") : asCount(value);
}

/// A number of an axis: no digit that says nothing.
const onAxis = (format) => (value) => format(value).replace(/\.0+(?=\D|$)/, "").replace(/(\.\d*?)0+(?=\D|$)/, "$1");

function asClock(s) {
  const [hours, minutes, rest] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, Math.floor(s % 60)];
  const two = (value) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/// From a number to a place, with the places of its marks.
function linear(low, high, from, to, count) {
  const wanted = (high - low) / Math.max(1, count);
  const ten = 10 ** Math.floor(Math.log10(wanted || 1));
  const step = [1, 2, 5, 10].map((times) => times * ten).find((step) => step >= wanted * 0.999);
  const scale = (value) => from + ((value - low) / (high - low || 1)) * (to - from);
  scale.ticks = [];
  for (let at = Math.ceil(low / step) * step; at <= high * 1.0001; at += step) scale.ticks.push(at);
  return scale;
}

/// The end of a linear axis: the next round number.
function roundUp(value, count) {
  const { ticks } = linear(0, value || 1, 0, 1, count);
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : value || 1;
  return Math.ceil((value || 1) / step) * step;
}

/// Likewise by powers of ten; the ends are 1, 2 or 5 times one.
function logarithmic(low, high, from, to) {
  const round = [1, 2, 5, 10];
  const ten = (value) => 10 ** Math.floor(Math.log10(value));
  const first = Math.max(...round.map((times) => times * ten(low)).filter((value) => value <= low * 1.0001));
  let last = Math.min(...round.map((times) => times * ten(high)).filter((value) => value >= high * 0.9999));
  if (last <= first) last = first * 10;
  const [a, b] = [Math.log10(first), Math.log10(last)];
  const scale = (value) => from + ((Math.log10(Math.max(value, first)) - a) / (b - a)) * (to - from);
  scale.ticks = [];
  scale.minor = [];
  const isWide = b - a > 2.2;
  for (let power = Math.floor(a); power <= b; power += 1) {
    for (let times = 1; times < 10; times += 1) {
      const value = times * 10 ** power;
      if (value < first * 0.999 || value > last * 1.001) continue;
      const isNamed = times === 1 || (!isWide && (times === 2 || times === 5));
      if (isNamed || b - a < 4) (isNamed ? scale.ticks : scale.minor).push(value);
    }
  }
  scale.ends = [first, last];
  return scale;
}

/// A drawing of a figure, empty but for its size.
function canvas(figure, height, top = 8, left = 52) {
  const place = figure.querySelector(".canvas");
  place.replaceChildren();
  figure.querySelector(".key")?.remove();
  const width = widthOf(figure);
  const svg = draw(place, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  svg.setAttribute("aria-label", figure.querySelector("figcaption").textContent);
  return { place, svg, width, height, left, right: width - 10, top, bottom: height - 22 };
}

/// Lines across with their numbers, below what is drawn.
function sideAxis(box, scale, format) {
  for (const value of scale.minor ?? []) {
    const y = Math.round(scale(value));
    draw(box.svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: y, y2: y, opacity: 0.5 });
  }
  for (const value of scale.ticks) {
    const y = Math.round(scale(value));
    draw(box.svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: y, y2: y });
    draw(box.svg, "text", { x: box.left - 7, y: y + 4, "text-anchor": "end" }, onAxis(format)(value));
  }
}

function footAxis(box, scale, format, isRuled) {
  draw(box.svg, "line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom });
  const labels = scale.ticks.map((value) => {
    const x = Math.round(scale(value));
    const from = isRuled ? box.top : box.bottom;
    draw(box.svg, "line", { class: isRuled ? "grid" : "axis", x1: x, x2: x, y1: from, y2: box.bottom + 4 });
    const words = draw(box.svg, "text", { y: box.bottom + 17 }, format(value));
    const wide = words.getComputedTextLength();
    const begin = Math.min(x - wide / 2, box.right - wide);
    words.setAttribute("x", begin);
    return { words, begin, end: begin + wide + 8 };
  });
  // Where they would lie upon each other, only every second is named, or every third.
  let every = 1;
  const fits = () => labels.every(({ begin }, place) => place % every !== 0 || place < every || begin >= labels[place - every].end);
  while (!fits()) every += 1;
  labels.forEach(({ words }, place) => place % every !== 0 && words.remove());
}

/// A line that is broken where there is no value. A lone point between two holes is a dot.
function line(box, className, points) {
  let text = "";
  points.forEach((point, place) => {
    if (point === null) return;
    const isDown = (points[place - 1] ?? null) !== null;
    text += `${isDown ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    const isLone = !isDown && (points[place + 1] ?? null) === null;
    if (isLone) draw(box.svg, "circle", { class: className.replace("line", "dot"), cx: point[0], cy: point[1], r: 2.5 });
  });
  draw(box.svg, "path", { class: className, d: text });
}

/// What the lines are, beside the title.
function key(figure, entries) {
  if (entries.length < 2) return;
  const list = put(figure.querySelector("figcaption"), "div", "key");
  for (const { name, look, shape } of entries) {
    const entry = put(list, "span");
    put(entry, "i", `${look} ${shape ?? ""}`);
    entry.append(name);
  }
}

/// The box beside the pointer.
function tip(box, x, rows) {
  const element = box.place.querySelector(".tip") ?? put(box.place, "div", "tip");
  element.replaceChildren();
  for (const { className, name, value, look } of rows) {
    const row = put(element, "p", className);
    const label = put(row, "span", look);
    if (look) put(label, "i", look);
    label.append(name);
    if (value !== undefined) put(row, "b", "", value);
  }
  const scale = box.place.clientWidth / box.width;
  const isLeft = x > box.width / 2;
  element.style.left = isLeft ? "auto" : `${x * scale + 14}px`;
  element.style.right = isLeft ? `${(box.width - x) * scale + 14}px` : "auto";
}

/// A line through one plot at the pointer, in place of the one before.
function upright(box, x) {
  box.svg.querySelector(".cross")?.remove();
  draw(box.svg, "line", { class: "cross", x1: Math.round(x), x2: Math.round(x), y1: box.top, y2: box.bottom });
}

/// Takes away what the pointer brought.
function leave(box) {
  box.svg.querySelector(".cross")?.remove();
  box.place.querySelector(".tip")?.remove();
}

/// Calls `move` with the place of the pointer in the drawing, and `gone` once it has left.
function follow(box, move, gone = () => leave(box)) {
  box.svg.addEventListener("pointermove", (event) => {
    const frame = box.svg.getBoundingClientRect();
    move(((event.clientX - frame.left) / frame.width) * box.width, ((event.clientY - frame.top) / frame.height) * box.height);
  });
  box.svg.addEventListener("pointerleave", gone);
}
