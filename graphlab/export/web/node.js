// The chosen node: what it is, its value, its gradient as a heat map, and why that gradient is what it is.

import { arrayView } from "./arrays.js";
import { h, replace } from "./dom.js";
import { MISSING, number, shapeText } from "./format.js";

export class NodePanel {
  /** on: select(node), unfold(node), highlight(names), breakpoint(node). */
  constructor(data, t, element, on) {
    Object.assign(this, { data, t, element, on });
    this.consumers = data.nodes.map(() => []);
    data.nodes.forEach((node, place) => {
      if (node.part_of !== undefined) return;
      for (const input of new Set(node.inputs)) if (input !== null) this.consumers[input].push(place);
    });
  }

  show(run, position, place, { unfolded, breakpoints }) {
    if (place === null) {
      replace(this.element, h("p", {}, this.t("choose a node")));
      return;
    }
    const node = this.data.nodes[place];
    const shown = run.node(place);
    replace(this.element,
      h("h2", {}, h("b", {}, node.name), ` · ${node.op}`),
      h("p", { class: "note" }, [shapeText(node.shape, this.t("scalar")), node.scope && this.t("in {scope}", { scope: node.scope })].filter(Boolean).join(" · ")),
      this.buttons(shown, unfolded, breakpoints),
      this.neighbours(place),
      h("h3", { class: "value" }, this.t("value")),
      this.array(run.value(place, position), node.name, false, this.hides("values") && run.madeAt(place) <= position),
      ...this.gradient(run, position, place, node),
      this.why(run, position, shown));
  }

  hides(what) {
    return this.data.hide.includes(what);
  }

  buttons(place, unfolded, breakpoints) {
    const node = this.data.nodes[place];
    const able = this.data.unfoldings[place];
    return h("div", { class: "buttons" },
      this.scopeButton(node),
      able && h("button", { type: "button", "data-act": "unfold", onclick: () => this.on.unfold(place) }, unfolded.has(place) ? this.t("fold it") : this.t("unfold it")),
      node.role === "node" && h("button", {
        type: "button", "data-act": "breakpoint", "aria-pressed": String(breakpoints.has(place)), onclick: () => this.on.breakpoint(place),
      }, this.t("breakpoint")));
  }

  /** Folds the scope a node is in: a frame's name does that for a mouse, this for a keyboard. */
  scopeButton({ scope }) {
    return scope && this.on.canFold(scope) && h("button", { type: "button", "data-act": "fold", onclick: () => this.on.fold(scope) }, this.t("fold {name}", { name: scope }));
  }

  neighbours(place) {
    const node = this.data.nodes[place];
    const link = (other) => h("button", { type: "button", class: "link", onclick: () => this.on.select(other) }, this.data.nodes[other].name);
    const producers = node.inputs.filter((other) => other !== null);
    const line = (label, places) => places.length ? h("p", { class: "neighbours" }, `${label} `, ...places.slice(0, 24).flatMap((p, k) => (k ? [", ", link(p)] : [link(p)]))) : null;
    return h("div", {}, line(this.t("made from"), [...new Set(producers)]), line(this.t("used by"), this.consumers[place]));
  }

  /** hidden: the page was told not to give it away; that it is there is no secret. */
  array(array, name, heat, hidden) {
    if (!array) return h("p", { class: "missing" }, hidden ? "?" : MISSING);
    if (array.data?.length === 1) return h("p", { class: `numbers ${heat ? "grad" : "value"}` }, number(array.data[0], this.data.precision, array.int));
    return arrayView(array, { name, t: this.t, precision: this.data.precision, heat });
  }

  gradient(run, position, place, node) {
    const grad = run.grad(place, position);
    const waiting = grad && position < run.gradAt(place);
    return [
      h("h3", { class: "grad" }, `∂L/∂${node.name}`),
      waiting ? h("p", { class: "note" }, this.t("not all terms have arrived")) : null,
      this.array(grad, `∂L/∂${node.name}`, true, this.hides("gradients") && run.gradAt(place) <= position),
      node.without ? h("p", { class: "note" }, this.t(node.without)) : null,
    ];
  }

  /** The gradient as the sum over its paths. */
  why(run, position, place) {
    const why = this.data.nodes[place].why;
    if (!why || position < run.gradAt(place)) return null;
    const most = Math.max(...why.paths.map(([product]) => Math.abs(Number(product))), 1e-300);
    const write = (n) => number(n, this.data.precision);
    const rows = why.paths.map(([product, nodes]) => {
      const names = [...nodes, ...nodes.slice(1).map((name, k) => `${name}->${nodes[k]}`)];
      const bar = h("span", { class: `share ${Number(product) < 0 ? "negative" : "positive"}` });
      bar.style.setProperty("--size", `${Math.round((100 * Math.abs(Number(product))) / most)}%`);
      return h("li", {}, h("button", {
        type: "button", class: "path",
        onmouseenter: () => this.on.highlight(names), onmouseleave: () => this.on.highlight([]),
        onfocus: () => this.on.highlight(names), onblur: () => this.on.highlight([]),
      }, h("b", {}, write(product)), " ", nodes.join(" → ")), bar);
    });
    if (why.more) rows.push(h("li", { class: "more" }, this.t("{more} more paths: {rest} together", { more: why.more, rest: write(why.rest) })));
    return h("details", { open: true, class: "why" },
      h("summary", {}, this.t("why {target} is {value}", { target: why.element, value: write(why.value) })),
      h("ol", {}, ...rows));
  }
}
