// Finding nodes by name, op or shape: "bn", "relu", "4x3".

import { h, replace } from "./dom.js";
import { shapeText } from "./format.js";

const MOST = 40;

/** The nodes whose name, op or shape holds the text: those that are drawn before others, of these the closest first. */
export function found(nodes, text, isDrawn) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const shape = wanted.replace(/[x*,]/g, "×");
  const rank = (node) => {
    const name = node.name.toLowerCase();
    if (name === wanted) return 0;
    if (name.startsWith(wanted)) return 1;
    if (name.includes(wanted)) return 2;
    if (node.op.includes(wanted)) return 3;
    return node.shape.join("×") === shape ? 4 : null;
  };
  return nodes
    .map((node, place) => ({ place, rank: rank(node), drawn: isDrawn(place) }))
    .filter((hit) => hit.rank !== null && (hit.drawn || nodes[hit.place].part_of === undefined))
    .sort((a, b) => b.drawn - a.drawn || a.rank - b.rank || a.place - b.place)
    .map((hit) => hit.place);
}

export class Search {
  /** isDrawn(place): whether the picture has this node. */
  constructor(data, t, { input, list, onchoose, isDrawn }) {
    Object.assign(this, { data, t, input, list, onchoose, isDrawn, hits: [], at: 0 });
    input.addEventListener("input", () => this.show());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
  }

  show() {
    this.hits = found(this.data.nodes, this.input.value, this.isDrawn);
    this.at = 0;
    this.draw();
  }

  draw() {
    const options = this.hits.slice(0, MOST).map((place, k) => {
      const node = this.data.nodes[place];
      return h("li", { role: "option", id: `hit-${k}`, "aria-selected": String(k === this.at), onpointerdown: () => this.choose(place) },
        h("b", {}, node.name), ` · ${node.op} · ${shapeText(node.shape, this.t("scalar"))}`);
    });
    if (!this.hits.length && this.input.value.trim()) options.push(h("li", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, this.t("nothing found")));
    replace(this.list, ...options);
    this.list.hidden = !options.length;
    this.input.setAttribute("aria-expanded", String(options.length > 0));
    this.input.setAttribute("aria-activedescendant", this.hits.length ? `hit-${this.at}` : "");
    this.list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.hits.length) {
      const count = Math.min(this.hits.length, MOST);
      this.at = (this.at + step + count) % count;
      this.draw();
      event.preventDefault();
    } else if (event.key === "Enter" && this.hits.length) {
      this.choose(this.hits[this.at]);
    } else if (event.key === "Escape") {
      this.input.value = "";
      this.close();
      this.input.blur();
    }
    event.stopPropagation();
  }

  choose(place) {
    this.onchoose(place);
    this.input.value = "";
    this.close();
    this.input.blur();
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
