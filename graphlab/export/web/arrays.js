// Arrays as tables and heat maps; large ones as a summary with a histogram.

import { h, s } from "./dom.js";
import { indexText, number, shapeText, toFloat } from "./format.js";

const CANCELLED = 1e-14; // of the root mean square: a mean below it is what rounding left of a sum that is 0
const NOISE = 1e-15; // of the mean: a deviation below it is what rounding left of equal numbers
const WIDEST = 12; // columns and rows of a table, from where on it shows its corner

/** An array with its name above it. heat: colour by sign and size. onentry: told which entry is pointed at. whole: not cut. */
export function arrayView(array, { name, t, precision, heat = false, onentry = null, whole = false }) {
  const title = h("figcaption", {}, h("span", { class: "array-name" }, name), " ", h("small", {}, shapeText(array.shape, t("scalar"))));
  const body = array.data ? table(array, { name, precision, heat, onentry, t, most: whole ? Infinity : WIDEST }) : summary(array, { t, precision });
  return h("figure", { class: "array" }, title, body);
}

function table(array, { name, precision, heat, onentry, t, most }) {
  if (!array.data.length) return h("p", { class: "missing" }, t("empty"));
  const [rows, columns] = matrixShape(array.shape);
  const largest = Math.max(...array.data.map((n) => Math.abs(toFloat(n))).filter(Number.isFinite), 0);
  const body = h("tbody");
  for (let r = 0; r < Math.min(rows, most); r += 1) {
    const row = h("tr", { class: r && r % array.shape.at(-2) === 0 ? "next" : null });
    for (let c = 0; c < Math.min(columns, most); c += 1) {
      row.append(cell(array, r * columns + c, { precision, most: heat ? largest : 0, onentry, name }));
    }
    if (columns > most) row.append(h("td", { class: "more" }, "…"));
    body.append(row);
  }
  if (rows > most) body.append(h("tr", {}, h("td", { class: "more" }, "…")));
  return h("div", { class: "table-frame", tabindex: rows > WIDEST || columns > 4 ? "0" : null, role: "group", "aria-label": t("numbers of {name}", { name }) },
    h("table", { class: "matrix" }, body));
}

function cell(array, place, { precision, most, onentry, name }) {
  const value = array.data[place];
  const size = most ? Math.abs(toFloat(value)) / most : 0;
  const attributes = { "data-place": place };
  if (most) attributes.class = toFloat(value) < 0 ? "negative" : "positive";
  if (onentry) {
    attributes.tabindex = "0";
    attributes.title = name + indexText(place, array.shape);
    for (const event of ["mouseenter", "focus"]) attributes[`on${event}`] = () => onentry(place);
    for (const event of ["mouseleave", "blur"]) attributes[`on${event}`] = () => onentry(null);
  }
  const element = h("td", attributes, number(value, precision, array.int));
  if (most && Number.isFinite(size)) element.style.setProperty("--size", `${Math.round(42 * size)}%`);
  if (!Number.isFinite(toFloat(value))) element.classList.add("bad");
  return element;
}

/** Rows and columns: matrices on top of one another where there are more than two axes. */
function matrixShape(shape) {
  const columns = shape.length ? shape[shape.length - 1] : 1;
  return [shape.slice(0, -1).reduce((a, b) => a * b, 1), columns];
}

function summary(array, { t, precision }) {
  const { mean, std, min, max, rms, nan, inf } = array.summary ?? {};
  if (mean === undefined) return h("p", {}, t("not on this page"));
  const write = (n) => number(n, precision);
  const bad = [nan ? `${nan} NaN` : "", inf ? `${inf} Inf` : ""].filter(Boolean).join(", ");
  return h("div", {},
    h("p", { class: "numbers" }, `μ ${write(Math.abs(mean) < CANCELLED * rms ? 0 : mean)}  σ ${write(Math.abs(std) < NOISE * Math.abs(mean) ? 0 : std)}  ·  ${write(min)} … ${write(max)}`),
    bad && h("p", { class: "bad" }, bad),
    array.bins && histogram(array.bins, { t, write }));
}

/** How the numbers are spread, as bars. */
function histogram([low, high, counts], { t, write }) {
  const most = Math.max(...counts);
  const wide = 240 / counts.length;
  const bars = counts.map((count, k) => {
    const tall = (56 * count) / most;
    return s("rect", { x: k * wide, y: 60 - tall, width: wide - 1, height: tall, class: "bar" });
  });
  return h("div", { class: "histogram" },
    s("svg", { viewBox: "0 0 240 61", role: "img", "aria-label": t("histogram from {low} to {high}", { low: write(low), high: write(high) }) },
      ...bars, s("line", { x1: 0, x2: 240, y1: 60.5, y2: 60.5, class: "axis" })),
    h("div", { class: "ends" }, h("span", {}, write(low)), h("span", {}, write(high))));
}

/** Lights up some entries of an array that is shown, and no others; the first of them is brought into sight. */
export function lightUp(view, places) {
  for (const element of view.querySelectorAll("td.lit")) element.classList.remove("lit");
  for (const place of places) view.querySelector(`td[data-place="${place}"]`)?.classList.add("lit");
  const [frame, first] = [view.querySelector(".table-frame"), view.querySelector("td.lit")];
  if (!first) return;
  const [seen, cell] = [frame.getBoundingClientRect(), first.getBoundingClientRect()];
  if (cell.left < seen.left || cell.right > seen.right) frame.scrollLeft += cell.left - seen.left;
  if (cell.top < seen.top || cell.bottom > seen.bottom) frame.scrollTop += cell.top - seen.top;
}
