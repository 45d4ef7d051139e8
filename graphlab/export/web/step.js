// The step: rule → rule with numbers → result, with the arrays; what each entry was made of lights up.

import { arrayView, lightUp } from "./arrays.js";
import { h, math, replace } from "./dom.js";
import { indexText, number, toFloat } from "./format.js";

const ASKED = "?";
const IN_ROWS = 16; // numbers of a result that stands in rows in the equation

export class StepPanel {
  constructor(data, t, element) {
    this.data = data;
    this.t = t;
    this.element = element;
  }

  /** What happened last at a position. ask: a question in the place of the result, in predict-first mode. */
  show(run, position) {
    this.run = run;
    const moment = run.moments[position - 1];
    if (!moment) {
      replace(this.element, h("h2", {}, this.t("before the first step")), h("p", {}, this.t(this.data.seed === null ? "start help, no loss" : "start help")));
      return;
    }
    const { step } = moment;
    const body = step.kind === "add" ? this.sum(position) : step.kind === "seed" ? this.seed(step) : this.work(step, moment);
    replace(this.element, h("h2", {}, this.heading(step)), ...body, this.coming(run, position));
  }

  heading(step) {
    const node = this.data.nodes[step.node];
    const values = { node: node.name, op: node.op, to: this.data.nodes[step.to]?.name };
    if (step.kind === "forward") return this.t("{node} · {op}, forward", values);
    if (step.kind === "seed") return this.t("the seed: ∂L/∂{node}", values);
    if (step.kind === "add") return this.t("add up ∂L/∂{to}", values);
    return this.t("{node} sends to {to}", values);
  }

  /** What comes next, without its numbers. */
  coming(run, position) {
    const next = run.moments[position];
    return h("p", { class: "coming-next" }, next ? this.t("next: {what}", { what: this.heading(next.step) }) : this.t("the end"));
  }

  seed(step) {
    return [h("div", { class: "equation" }, h("div", {}, this.symbols(step.left, null), h("span", {}, " = "), h("b", {}, step.result ?? ASKED))),
      h("p", {}, this.t(this.run.isGiven() ? "given help" : "seed help"))];
  }

  work(step, moment) {
    const result = this.result(step);
    const lines = [];
    const [left, symbolic, substituted] = step.math ?? [];
    if (step.symbolic) lines.push(this.symbols(step.symbolic, symbolic));
    if (step.substituted && step.substituted !== step.symbolic) lines.push(this.symbols(step.substituted, substituted));
    const first = h("div", {}, this.symbols(step.left, left), ...(lines.length ? [" = ", lines[0]] : []));
    const rest = lines.slice(1).map((line) => h("div", {}, "= ", line));
    const equation = h("div", { class: "equation", role: "group", "aria-label": [step.left, step.symbolic, step.substituted, step.result].filter(Boolean).join(" = ") },
      first, ...rest, h("div", { class: `answer ${moment.phase === "forward" ? "value" : "grad"}` }, "= ", h("b", {}, this.matrix(step) ?? result)));
    return [equation, this.attenuation(step), ...this.arrays(step)];
  }

  /** MathML where there is some, else the text. */
  symbols(text, tree) {
    return tree ? math(tree) : h("span", { class: "formula" }, text);
  }

  /** A small result in rows, as the numbers that were put in are; null for any other. */
  matrix(step) {
    const array = this.run.array(step.array);
    if (!array?.data || array.data.length < 2 || array.data.length > IN_ROWS || array.shape.length > 2) return null;
    const wide = array.shape.at(-1);
    const rows = Array.from({ length: array.data.length / wide }, (_, r) => array.data.slice(r * wide, (r + 1) * wide));
    const cell = (n) => ["mtd", ["mn", number(n, this.data.precision, array.int).replace("-", "−")]];
    return math(["mrow", ["mo", "["], ["mtable", ...rows.map((row) => ["mtr", ...row.map(cell)])], ["mo", "]"]]);
  }

  result(step) {
    const array = this.run.array(step.array);
    if (array?.data?.length === 1) return number(array.data[0], this.data.precision, array.int);
    return step.result ?? ASKED;
  }

  /** How much this edge shrinks or grows the gradient: between numbers a factor with its sign, else a ratio of sizes. */
  attenuation(step) {
    if (step.kind !== "contribution") return null;
    const [sent, upstream] = [this.run.array(step.array), this.run.array(this.data.nodes[step.node].grad)];
    const [a, b] = [rms(sent), rms(upstream)];
    if (!Number.isFinite(a) || !(b > 0)) return null;
    const one = sent.data?.length === 1 && upstream.data?.length === 1;
    const ratio = number(one ? toFloat(sent.data[0]) / toFloat(upstream.data[0]) : a / b, 3);
    return h("p", { class: "note" }, this.t("gradient ×{ratio} over this edge", { ratio: ratio.startsWith("-") ? `(${ratio})` : ratio }));
  }

  arrays(step) {
    const result = this.run.array(step.array);
    const whole = Boolean(step.entries); // what lights up must be there
    const views = (step.operands ?? []).map(([name, place]) => this.view(this.run.array(place), name, { whole }));
    if (!result || (result.data?.length === 1 && !views.length)) return [];
    const arithmetic = h("p", { class: "arithmetic", "aria-live": "polite" }, step.entries ? this.t("entry help") : "");
    const onentry = step.entries ? (place) => this.point(step, place, views, arithmetic, own) : null;
    const own = this.view(result, step.left, { onentry, whole, heat: step.kind === "contribution" });
    own.classList.add("result");
    return [h("div", { class: "arrays" }, ...views, own), arithmetic];
  }

  view(array, name, options = {}) {
    return arrayView(array, { name, t: this.t, precision: this.data.precision, ...options });
  }

  /** One entry of the result: its arithmetic, and the entries it was computed from. */
  point(step, place, views, arithmetic, own) {
    const lit = views.map(() => []);
    if (place === null) {
      arithmetic.textContent = this.t("entry help");
    } else {
      const [text, used] = step.entries[place];
      for (const one of used.split(" ").filter(Boolean)) {
        const [operand, entry] = one.split(":").map(Number);
        lit[operand].push(entry);
      }
      const result = this.run.array(step.array);
      const name = step.left + indexText(place, result.shape);
      arithmetic.textContent = `${name} = ${text} = ${number(result.data[place], this.data.precision, result.int)}`;
    }
    views.forEach((view, k) => lightUp(view, lit[k]));
    lightUp(own, place === null ? [] : [place]);
  }

  /** A fan-out: the sum so far, term by term. */
  sum(position) {
    const { step } = this.run.moments[position - 1];
    const terms = this.run.terms(step.to, position);
    const total = this.run.grad(step.to, position);
    const arrays = terms.map(({ moment }) => this.run.array(moment.step.array));
    const rows = terms.map(({ moment }, k) => {
      const name = moment.step.kind === "seed" ? this.t("the seed") : this.data.nodes[moment.step.node].name;
      return h("tr", {}, h("td", { class: "sign" }, k ? "+" : ""), h("td", {}, this.short(arrays[k])), h("td", {}, this.t("from {node}", { node: name })));
    });
    rows.push(h("tr", { class: "total" }, h("td", { class: "sign" }, "="), h("td", {}, this.short(total)), h("td", {}, step.left)));
    const views = [];
    if (total?.data && total.data.length > 1) {
      arrays.forEach((array, k) => views.push(this.view(array, this.t("term {k}", { k: k + 1 }))));
      views.push(this.view(total, step.left, { heat: true }));
    }
    return [h("table", { class: "terms" }, h("tbody", {}, ...rows)), views.length ? h("div", { class: "arrays" }, ...views) : null];
  }

  short(array) {
    if (!array) return ASKED;
    if (array.data?.length === 1) return number(array.data[0], this.data.precision, array.int);
    return `${array.shape.join("×")} · rms ${number(rms(array), 3)}`;
  }
}

/** Root of the mean square; NaN where it is not known. */
export function rms(array) {
  if (!array) return NaN;
  if (array.summary) return toFloat(array.summary.rms);
  if (!array.data?.length) return NaN;
  return Math.sqrt(array.data.reduce((sum, n) => sum + toFloat(n) ** 2, 0) / array.data.length);
}

