// How numbers are written: as everywhere in graphlab, so that page, picture and terminal agree to the digit.

export const MISSING = "–";
const EVEN_DIGITS = 60; // enough of a float's exact decimals to see whether it lies in the middle

/** Significant digits, no trailing zeros; NaN, Inf and -Inf as words. Halves go to the even digit. */
export function number(value, precision = 4, whole = false) {
  if (value === null || value === undefined) return MISSING;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return value.replace("Infinity", "Inf");
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Inf" : "-Inf";
  if (whole) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e6 && precision < 7) return (value < 0 ? "-" : "") + roundedWhole(size);
  const text = general(size, precision);
  const plain = text.includes("e") && size >= 1 && size < 1e4 ? String(Number(text)) : text;
  return (value < 0 ? "-" : "") + plain;
}

function roundedWhole(size) {
  const floor = Math.floor(size);
  const rest = size - floor;
  return String(rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor);
}

/** Like printf's %g: an exponent below 1e-4 and from 10^precision on. */
function general(size, precision) {
  let [digits, exponent] = roundedDigits(size, precision);
  digits = digits.replace(/0+$/, "") || "0";
  if (exponent < -4 || exponent >= precision) {
    return `${digits[0]}${digits.length > 1 ? "." + digits.slice(1) : ""}e${exponent}`;
  }
  if (exponent < 0) return "0." + "0".repeat(-exponent - 1) + digits;
  if (digits.length <= exponent + 1) return digits + "0".repeat(exponent + 1 - digits.length);
  return digits.slice(0, exponent + 1) + "." + digits.slice(exponent + 1);
}

function roundedDigits(size, precision) {
  const exact = size.toExponential(EVEN_DIGITS);
  const all = exact.slice(0, exact.indexOf("e")).replace(".", "");
  const exponent = Number(exact.slice(exact.indexOf("e") + 1));
  const kept = all.slice(0, precision);
  const rest = all.slice(precision);
  const half = "5" + "0".repeat(rest.length - 1);
  const up = rest > half || (rest === half && Number(kept[precision - 1]) % 2 === 1);
  if (!up) return [kept, exponent];
  const next = String(BigInt(kept) + 1n).padStart(precision, "0");
  return next.length > precision ? [next.slice(0, precision), exponent + 1] : [next, exponent];
}

/** The number behind what JSON had no number for. */
export function toFloat(value) {
  return typeof value === "string" ? Number(value) : value === null || value === undefined ? NaN : Number(value);
}

export function shapeText(shape, scalar) {
  return shape.length ? shape.join("×") : scalar;
}

/** Where an entry stands: [1,2]. */
export function indexText(place, shape) {
  const key = [];
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    key.unshift(place % shape[axis]);
    place = Math.floor(place / shape[axis]);
  }
  return key.length ? `[${key.join(",")}]` : "";
}

/** A text with its {names} filled in; right-to-left ones are kept to themselves, so that they leave the rest in order. */
export function filled(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? isolated(String(values[name])) : whole));
}

function isolated(text) {
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/.test(text) ? `\u2068${text}\u2069` : text;
}
