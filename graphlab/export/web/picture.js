// The picture: cards, arrows and frames at the places that were worked out beforehand. Stepping changes classes only.

import { s, toggle } from "./dom.js";
import { MISSING } from "./format.js";

const STEP = 13;
const PAD = 7;
const ROW_PAD = 7;
const SCALE = 6;

export class Picture {
  /** onselect(box), onopen(box): a card was chosen, was asked to fold or unfold. onframe(scope): a frame's name. */
  constructor(data, { onselect, onopen, onframe, t }) {
    this.data = data;
    this.t = t;
    this.handlers = { onselect, onopen, onframe };
    this.root = s("g", { class: "scene" });
    this.boxes = [];
    this.arrows = [];
  }

  /** Draws one scene's picture in a language, for a run. */
  draw(picture, run, lang) {
    this.picture = picture;
    this.run = run;
    this.lang = lang;
    this.changes = [];
    this.root.replaceChildren(
      ...picture.frames.map((frame) => this.frame(frame)),
      s("g", {}, ...this.drawArrows()),
      s("g", {}, ...this.drawBoxes()),
      s("g", {}, ...this.drawLabels()),
    );
    this.changes.sort((a, b) => a.at - b.at);
    this.position = -1;
    this.shownChanges = 0;
    for (const { element, name } of this.changes) element.classList.add(name);
    for (const box of this.boxes) this.describe(box, 0);
  }

  // Drawing

  frame([label, scope, x, y, w, h]) {
    const name = s("text", { x: x + 10, y: y + 14, class: "frame-name" }, label);
    const button = s("g", {
      class: "frame-button", role: "button", tabindex: "-1", "aria-label": this.t("fold {name}", { name: scope }),
      onclick: () => this.handlers.onframe(scope),
    }, name);
    return s("g", { class: "frame", "data-scope": scope }, s("rect", { x, y, width: w, height: h, rx: 10 }), button);
  }

  drawBoxes() {
    this.boxes = this.picture.boxes.map(([place, x, y]) => {
      const card = this.data.cards[place];
      const box = { card, x, y, name: card.name, nodes: card.nodes, main: card.nodes[card.nodes.length - 1], said: [] };
      box.element = s("g", {
        class: `card ${card.role === "node" ? `family-${card.family}` : `role-${card.role}`}`,
        transform: `translate(${x},${y})`, role: "button", tabindex: "-1", "data-name": card.name,
        onclick: () => this.handlers.onselect(box),
        ondblclick: () => this.handlers.onopen(box),
      }, ...this.cardParts(card, box));
      box.made = Math.max(...box.nodes.map((node) => this.run.madeAt(node)));
      box.given = box.nodes.every((node) => this.run.isLeaf(node));
      this.note(box.element, box.given ? 0 : box.made);
      return box;
    });
    return this.boxes.map((box) => box.element);
  }

  texts(card) {
    return card.alt?.[this.lang] ?? card;
  }

  cardParts(card, box) {
    const { head, rows, marks = [] } = this.texts(card);
    const tall = STEP + ROW_PAD;
    const rounded = card.role === "param" || card.role === "state";
    const parts = [
      s("rect", { class: "card-body", width: card.w, height: card.h, rx: rounded ? 8 : 2 }),
      s("rect", { class: "card-band", width: card.w, height: tall, rx: rounded ? 8 : 2 }),
    ];
    const title = this.line(head, PAD, 14, "card-head");
    marks.filter(([, text]) => text).forEach(([kind, text], k) => {
      const mark = s("tspan", { class: `mark-${kind}` }, `  ${text}`);
      this.note(mark, this.markTime(card, k), "later", box);
      box.said.push({ at: this.markTime(card, k), text });
      title.append(mark);
    });
    parts.push(title);
    let y = tall;
    for (const row of rows) {
      parts.push(this.row(row, y, card, box));
      y += row[2].length * STEP + ROW_PAD;
    }
    parts.push(s("rect", { class: "card-edge", width: card.w, height: card.h, rx: rounded ? 8 : 2 }));
    return parts;
  }

  /** A band of a card. What it says comes with its step; until then there is its name and a dash. Symbols wait for none. */
  row([kind, mono, lines], y, card, box) {
    const drawn = (line) => this.line(line, PAD, y + 3.5 + (lines.indexOf(line) + 0.78) * STEP, mono ? "mono" : "");
    const always = lines.filter((line) => kind === "formula" && line.some(([, role]) => role === "formula"));
    const coming = lines.filter((line) => !always.includes(line));
    const late = s("g", { class: "row-text" }, ...coming.map(drawn));
    const at = this.rowTime(card, kind);
    const before = always.length ? "" : named(kind, mono, lines);
    this.note(late, at, "later", box);
    box.said.push({ at: 0, text: always.map(plain).join(" ") }, { at, text: coming.map(plain).join(" "), before });
    const waits = before && at > 0 && Number.isFinite(at);
    return s("g", { class: `row row-${kind}` },
      s("rect", { class: "row-fill", x: 0.5, y, width: card.w - 1, height: lines.length * STEP + ROW_PAD }),
      s("line", { class: "row-line", x1: 0.5, x2: card.w - 0.5, y1: y, y2: y }),
      ...always.map(drawn), late, waits && s("text", { class: "dash", x: PAD, y: y + 3.5 + 0.78 * STEP, "aria-hidden": "true" }, before));
  }

  line(spans, x, y, name, anchor) {
    return s("text", { x, y, class: name, "text-anchor": anchor, "xml:space": "preserve" },
      ...spans.map(([text, role]) => (role ? s("tspan", { class: `text-${role.replace("hidden ", "")}` }, text) : text)));
  }

  /** From which position on a row says something. */
  rowTime(card, kind) {
    const main = card.nodes[card.nodes.length - 1];
    if (kind === "value" || kind === "formula") return Math.max(...card.nodes.map((node) => this.run.madeAt(node)));
    if (kind === "grad" || kind === "sum" || kind === "local") return this.run.gradAt(main);
    return kind === "scale" ? this.run.doneAt(main) : 0;
  }

  /** From which position on a card may say its k-th warning: of its value, if that is not finite, then of its gradient. */
  markTime(card, k) {
    const main = card.nodes.at(-1);
    const value = this.run.array(this.data.nodes[main].value);
    const bad = value?.data ? value.data.some((n) => typeof n === "string") : (value?.summary?.nan ?? 0) + (value?.summary?.inf ?? 0) > 0;
    return bad && k === 0 ? this.run.madeAt(main) : this.run.gradAt(main);
  }

  drawArrows() {
    this.arrows = this.picture.arrows.map(([place, path, tip, x, y]) => {
      const link = this.data.links[place];
      const heavy = link.weight ?? null;
      const backward = link.kind === "backward";
      const shade = heavy === null ? "" : ` scale-${Math.min(Math.floor(heavy * SCALE), SCALE - 1)}`;
      const [consumer, slot] = link.edges[0];
      const arrow = {
        link, x, y, consumer, slot, source: this.data.nodes[consumer].inputs[slot],
        made: Math.max(...link.edges.map(([c, k]) => this.run.madeAt(this.data.nodes[c].inputs[k] ?? c))),
        used: Math.min(...link.edges.map(([c]) => this.run.madeAt(c))),
        sent: Math.max(...link.edges.map(([c, k]) => this.run.sentAt(c, k))),
      };
      const line = s("path", { d: path, class: "arrow-line" });
      if (heavy !== null && backward) line.style.setProperty("--width", `${0.8 + 2.8 * heavy}px`);
      const none = backward && heavy === null && !link.bad ? " none" : "";
      arrow.element = s("g", { class: `arrow arrow-${link.kind}${backward ? shade : ""}${link.bad ? " bad" : ""}${none}` },
        line, s("path", { d: tip, class: "arrow-tip" }));
      arrow.ready = backward ? arrow.sent : arrow.used;
      this.note(arrow.element, arrow.ready);
      return arrow;
    });
    return this.arrows.map((arrow) => arrow.element);
  }

  drawLabels() {
    return this.arrows.filter((arrow) => arrow.x !== undefined).map((arrow) => {
      const lines = arrow.link.alt?.[this.lang] ?? arrow.link.lines;
      const texts = lines.map((line, k) => {
        const text = this.line(line, arrow.x, arrow.y + (k + 0.78) * 11.7, "", "middle");
        this.note(text, arrow.link.kind === "backward" ? arrow.sent : arrow.made);
        return text;
      });
      return (arrow.label = s("g", { class: `label label-${arrow.link.kind}` }, ...texts));
    });
  }

  /** This element says nothing before a position; what is never computed is there from the start, as –. */
  note(element, at, name = "later", box = null) {
    if (at > 0 && Number.isFinite(at)) this.changes.push({ element, at, name, box });
  }

  // What changes from step to step

  /** The picture as it is after `position` moments. */
  show(position, moment, next) {
    const changed = new Set();
    while (this.shownChanges < this.changes.length && this.changes[this.shownChanges].at <= position) {
      const { element, name, box } = this.changes[this.shownChanges];
      element.classList.remove(name);
      changed.add(box);
      this.shownChanges += 1;
    }
    while (this.shownChanges > 0 && this.changes[this.shownChanges - 1].at > position) {
      this.shownChanges -= 1;
      const { element, name, box } = this.changes[this.shownChanges];
      element.classList.add(name);
      changed.add(box);
    }
    for (const box of changed) if (box) this.describe(box, position);
    this.position = position;
    this.mark(moment, next);
  }

  /** The current node bold, the arrows of its step lit, those of the next broad and pale: the legend says so. */
  mark(moment, next) {
    for (const element of this.marked ?? []) element.classList.remove("now", "lit", "coming");
    this.marked = [];
    const add = (element, name) => {
      element.classList.add(name);
      this.marked.push(element);
    };
    if (moment) {
      const box = this.boxOf(moment.step.node);
      if (box) add(box.element, "now");
      for (const arrow of this.arrowsOf(moment)) this.both(arrow, (element) => add(element, "lit"));
    }
    if (next) for (const arrow of this.arrowsOf(next)) this.both(arrow, (element) => add(element, "coming"));
  }

  both(arrow, act) {
    act(arrow.element);
    if (arrow.label) act(arrow.label);
  }

  boxOf(node) {
    const place = this.run.node(node);
    return this.boxes.find((box) => box.nodes.some((other) => this.run.node(other) === place));
  }

  /** Whether a node has a box, its own or a folded scope's; one that is unfolded has its steps', the last for itself. */
  isDrawn(node) {
    return this.run.node(node) === node && this.boxOf(node) !== undefined;
  }

  /** Forward the edges into a node; backward the one that carries what is sent. */
  arrowsOf({ step }) {
    const back = step.kind === "contribution" || step.kind === "add";
    if (step.kind === "seed") return [];
    return this.arrows.filter(({ link }) => (link.kind === "backward") === back
      && link.edges.some(([c, k]) => c === step.node && (!back || k === step.slot)));
  }

  select(node) {
    for (const box of this.boxes) {
      const on = node !== null && box.nodes.some((other) => this.run.node(other) === this.run.node(node));
      toggle(box.element, "selected", on);
      box.element.setAttribute("tabindex", on ? "0" : "-1");
    }
    if (node === null || !this.boxes.some((box) => box.element.classList.contains("selected"))) {
      this.boxes[0]?.element.setAttribute("tabindex", "0");
    }
  }

  /** Lights up what a text speaks of: names of nodes, or "a->b" for an edge. */
  highlight(names) {
    const wanted = new Set(names);
    for (const box of this.boxes) {
      toggle(box.element, "pointed", box.nodes.some((node) => wanted.has(this.data.nodes[node].name)));
    }
    for (const arrow of this.arrows) {
      const on = arrow.link.edges.some(([c, k]) => {
        const source = this.data.nodes[c].inputs[k];
        return source !== null && wanted.has(`${this.data.nodes[source].name}->${this.data.nodes[c].name}`);
      });
      toggle(arrow.element, "pointed", on);
    }
  }

  breakpoints(nodes) {
    for (const box of this.boxes) toggle(box.element, "breakpoint", box.nodes.some((node) => nodes.has(node)));
  }

  /** What a card says at a position, for ears: no more than the eyes are told. */
  describe({ card, element, nodes, said }, position) {
    const known = said.map(({ at, text, before }) => (at > position && Number.isFinite(at) ? before : text)).filter(Boolean);
    const open = this.data.unfoldings[nodes.at(-1)] || card.role === "fold" ? `; ${this.t("Enter unfolds it")}` : "";
    element.setAttribute("aria-label", [plain(this.texts(card).head), ...known].join("; ") + open);
  }
}

/** What stands in a row that does not say anything yet: "∂L/∂x –". */
function named(kind, mono, lines) {
  const [text, role] = lines[0]?.[0] ?? [];
  const name = (kind === "value" || kind === "grad") && !mono && !role ? text.trim() : "";
  return name && lines[0].length === 1 ? name : `${name} ${MISSING}`.trim();
}

function plain(spans) {
  return spans.map(([text]) => text).join("");
}
