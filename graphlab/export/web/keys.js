// What each key does, and the help that says so.

import { h, replace } from "./dom.js";

const KEYS = [
  ["← →", "step back, step on"], ["⇧ ← →", "node by node"], ["Home End", "first, last"], ["↑ ↓", "choose the node before, after"],
  ["Enter", "fold or unfold the chosen node"], ["Space", "fit the picture"], ["+ −", "zoom"], ["1 2 3", "forward, backward, both"],
  ["/", "search"], ["B", "breakpoint at the chosen node"], ["C", "on to the next breakpoint"], ["P", "play, pause"],
  ["Q", "predict first"], ["T", "guided tour"], ["?", "this help"],
];

export class Keys {
  constructor(page) {
    this.page = page;
    addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.page.parts.help.open) return;
    if (event.target.matches("input:not([type=range]), select, textarea")) return;
    if (this.page.predict.key(event)) return;
    const act = this.action(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  action(event) {
    const go = (name) => () => this.page.go(name);
    const onButton = event.target.closest("button, summary, a, td[tabindex]");
    const keys = {
      ArrowRight: go(event.shiftKey ? "over" : "forward"), ArrowLeft: go(event.shiftKey ? "under" : "back"), Home: go("first"), End: go("last"),
      ArrowDown: () => this.neighbour(1), ArrowUp: () => this.neighbour(-1),
      "/": () => this.page.search.input.focus(), "?": () => this.help(), "+": () => this.page.camera.zoom(1.25), "=": () => this.page.camera.zoom(1.25),
      "-": () => this.page.camera.zoom(0.8), b: () => this.onNode((node) => this.page.breakAt(node)), c: go("next"),
      p: () => this.page.timeline.play(!this.page.timeline.timer), q: () => this.page.togglePredict(), t: () => this.page.tour.length && this.page.tour.show(0, this.page.state.get("lang")),
      1: () => this.setView("forward"), 2: () => this.setView("backward"), 3: () => this.setView("both"),
    };
    if (!onButton) Object.assign(keys, { " ": () => this.page.fit(0), Enter: () => this.openCard(event.target) });
    return keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  }

  setView(view) {
    if (this.page.state.get("scene").pictures[view]) this.page.state.set({ view });
  }

  onNode(act) {
    const node = this.page.state.get("node") ?? this.page.run.moments[this.page.state.get("step") - 1]?.step.node;
    if (node !== undefined) act(node);
  }

  /** Unfolds or folds the card that has the focus, or else the chosen node's. */
  openCard(target) {
    const focused = this.page.picture.boxes.find((box) => box.element === target);
    if (focused) this.page.folding.open(focused);
    else this.onNode((node) => this.page.picture.boxOf(node) && this.page.folding.open(this.page.picture.boxOf(node)));
  }

  /** The card before or after the chosen one, in the order of the picture. */
  neighbour(way) {
    const boxes = this.page.picture.boxes;
    const chosen = this.page.state.get("node") ?? this.page.run.moments[this.page.state.get("step") - 1]?.step.node;
    const at = chosen === undefined || chosen === null ? -1 : boxes.indexOf(this.page.picture.boxOf(chosen));
    const box = boxes[(at + way + boxes.length) % boxes.length];
    this.page.state.set({ node: box.main });
    box.element.focus({ preventScroll: true });
  }

  help() {
    const rows = KEYS.map(([keys, text]) => h("tr", {}, h("th", { scope: "row" }, keys), h("td", {}, this.page.t(text))));
    replace(this.page.parts.help, h("h2", {}, this.page.t("keys")), h("table", {}, h("tbody", {}, ...rows)),
      h("p", {}, this.page.t("mouse help")),
      h("button", { type: "button", onclick: () => this.page.parts.help.close() }, this.page.t("close")));
    this.page.parts.help.showModal();
  }
}
