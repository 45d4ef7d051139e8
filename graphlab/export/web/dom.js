// Making elements. Texts become text nodes and nothing else, so no name in a model can become markup.

const SVG = "http://www.w3.org/2000/svg";
const MATH = "http://www.w3.org/1998/Math/MathML";

/** An HTML element; on… attributes are listeners, the rest attributes; null and false are left out. */
export function h(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

export function s(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS(SVG, tag), attributes, children);
}

function dressed(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** MathML from nested lists: a tag, then text or further elements. */
export function math(tree) {
  const element = document.createElementNS(MATH, "math");
  element.append(mathPart(["mrow", ...[].concat([tree])]));
  return element;
}

function mathPart(tree) {
  if (isMatrix(tree)) return bracketed(mathPart(tree[2]));
  const element = document.createElementNS(MATH, tree[0]);
  for (const part of tree.slice(1)) element.append(typeof part === "string" ? part : mathPart(part));
  return element;
}

/** Numbers in rows between brackets: drawn as borders, since brackets stretch only where there is a font for them. */
function isMatrix(tree) {
  return tree[0] === "mrow" && tree.length === 4 && tree[1][1] === "[" && tree[2][0] === "mtable";
}

function bracketed(table) {
  table.setAttribute("class", "bracketed");
  return table;
}

export function replace(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

/** A class where it holds, none where not. */
export function toggle(element, name, on) {
  element.classList.toggle(name, Boolean(on));
}
