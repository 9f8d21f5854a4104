"use strict";

// What the pictures are made of. A broken step is red, thick and has a cross; an unknown one is dashed and has a
// question mark.

const svg = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

const ruler = document.createElement("canvas").getContext("2d");
const widthOf = (words, size, weight) => {
  ruler.font = `${weight} ${size}px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif`;
  return ruler.measureText(words).width;
};

/** Words in a width: names differ at both ends, so the middle is cut. The whole stays as the tooltip. */
const fitted = (words, width, size, weight) => {
  if (words.length < 200 && widthOf(words, size, weight) <= width) return words;
  const letters = Array.from(words.length > 400 ? words.slice(0, 200) + words.slice(-200) : words);
  let low = 1,
    high = letters.length;
  const cut = (kept) =>
    letters.slice(0, Math.ceil(kept / 2)).join("") +
    "…" +
    letters.slice(letters.length - Math.floor(kept / 2)).join("");
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(cut(middle), size, weight) <= width) low = middle;
    else high = middle - 1;
  }
  return cut(low);
};

const label = (x, y, words, width, kind = "", size = 12, weight = 400) => {
  const shown = fitted(words, width, size, weight);
  const node = svg("text", {x, y, class: kind}, shown);
  if (shown !== words) node.append(svg("title", {}, words));
  return node;
};

const SIGNS = {pass: "M-4 0l3 3 5-6", fail: "M-3.5 -3.5l7 7m0 -7l-7 7", "not-applicable": "M-4 0h8"};
const sign = (x, y, status) =>
  status === "unknown"
    ? svg("text", {x: x - 3.5, y: y + 4, class: "small on-unknown"}, "?")
    : svg("path", {d: SIGNS[status], transform: `translate(${x} ${y})`, class: `sign ${status}`});

/** A cross or question mark of its own, for the corner of a box. */
const badge = (x, y, status) =>
  status === "fail" || status === "unknown"
    ? [svg("circle", {cx: x, cy: y, r: 8, class: `pill ${status}`}), sign(x, y, status)]
    : [];

/** A mark on the way: a sign and a word. */
const mark = (x, y, words, status) => {
  const width = widthOf(words, 11, status === "pass" ? 400 : 700) + 28;
  const node = svg(
    "g",
    {},
    svg("rect", {x, y: y - 9, width, height: 18, rx: 9, class: `pill ${status}`}),
    sign(x + 12, y, status),
    svg("text", {x: x + 21, y: y + 4, class: `small on-${status}`}, words),
  );
  return {node, width};
};

const box = (x, y, right, height, title, detail, status) => [
  svg("rect", {x, y, width: right - x, height, rx: 6, class: `box ${status}`}),
  label(x + 10, y + (detail ? 18 : height / 2 + 4), title, right - x - 20, "name", 12, 600),
  ...(detail ? [label(x + 10, y + 34, detail, right - x - 20, "detail", 11)] : []),
  ...badge(right - 2, y + 2, status),
];

const arrow = (x, y, status, turn = 0) =>
  svg("path", {d: "M0 0l-9 -4.5v9z", transform: `translate(${x} ${y}) rotate(${turn})`, class: `tip ${status}`});

const line = (d, status, kind = "") => svg("path", {d, class: `edge ${kind} ${status}`});

const ORDER = ["fail", "unknown", "pass", "not-applicable"];
const worstOf = (statuses) => ORDER.find((status) => statuses.includes(status)) || "pass";

/** What a path says of the step to look at first. */
const says = (path, text) => {
  const [hop, , status, message] = path.hops[path.worst];
  return {status, head: `${status === "fail" ? "✕ Broken" : "? Unknown"}: ${text(hop)}`, message: text(message)};
};

/** Two words on one line; an empty one leaves no trace. */
const under = (name, space) => [name, space].filter(Boolean).join(" · ");
