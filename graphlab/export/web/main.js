// The page: builds its parts, keeps them in step with the state, and listens to keys.

import { Camera } from "./camera.js";
import { readData } from "./data.js";
import { h, replace, s, toggle } from "./dom.js";
import { filled, number } from "./format.js";
import { watch } from "./live.js";
import { NodePanel } from "./node.js";
import { Picture } from "./picture.js";
import { Predict } from "./predict.js";
import { Run } from "./run.js";
import { Search } from "./search.js";
import { readAddress, State, writeAddress } from "./state.js";
import { StepPanel } from "./step.js";
import { TimelineBar } from "./timeline.js";
import { Tour } from "./tour.js";

const LEAST = 0.85; // no smaller is a picture shown by itself
const SETTLED = 150; // ms without a change until the address is written: a browser takes only so many in a minute
const KEYS = [
  ["← →", "step back, step on"], ["⇧ ← →", "node by node"], ["Home End", "first, last"], ["↑ ↓", "choose the node before, after"],
  ["Enter", "fold or unfold the chosen node"], ["Space", "fit the picture"], ["+ −", "zoom"], ["1 2 3", "forward, backward, both"],
  ["/", "search"], ["B", "breakpoint at the chosen node"], ["C", "on to the next breakpoint"], ["P", "play, pause"],
  ["Q", "predict first"], ["T", "guided tour"], ["?", "this help"],
];

class Page {
  constructor(data) {
    this.data = data;
    this.breakpoints = new Set();
    this.format = { number };
    this.state = new State(this.start());
    this.t = (key, values) => filled(data.texts[this.state.get("lang")]?.[key] ?? key, values);
    this.build();
    this.state.listen((changed) => this.refresh(changed));
    this.refresh(new Set(["lang", "scene", "view", "step", "node", "theme"]));
    this.fit();
    this.reveal();
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("hashchange", () => this.fromAddress());
    addEventListener("resize", () => {
      this.camera.known = null;
      this.fit();
      this.reveal();
    });
    addEventListener("beforeprint", () => this.fit());
  }

  // Where it starts

  start() {
    const { data } = this;
    const address = readAddress();
    const scene = this.sceneOf(address) ?? data.scenes[0];
    this.run = this.runOf(scene);
    const views = Object.keys(scene.pictures);
    return {
      scene,
      view: views.includes(address.view) ? address.view : views.at(-1),
      step: this.stepOf(address.step) ?? this.firstBad() ?? 0,
      node: this.nodeOf(address.node),
      lang: data.texts[address.lang] ? address.lang : data.lang,
      theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
      predict: false,
    };
  }

  fromAddress() {
    const address = readAddress();
    const scene = this.sceneOf(address) ?? this.state.get("scene");
    if (scene !== this.state.get("scene")) this.state.set({ scene });
    const patch = { step: this.stepOf(address.step) ?? this.state.get("step"), node: this.nodeOf(address.node) };
    if (scene.pictures[address.view]) patch.view = address.view;
    if (this.data.texts[address.lang]) patch.lang = address.lang;
    this.state.set(patch);
  }

  stepOf(text) {
    return /^\d+$/.test(text ?? "") ? Math.min(Number(text), this.run.length) : null;
  }

  nodeOf(name) {
    const place = this.data.nodes.findIndex((node) => node.name === name);
    return place < 0 ? null : place;
  }

  /** The scene an address asks for; none where it says nothing of folding. */
  sceneOf({ fold, unfold }) {
    if (fold === undefined && unfold === undefined) return null;
    return this.nearest(new Set((fold ?? "").split(",").filter(Boolean)), new Set((unfold ?? "").split(",").filter(Boolean)));
  }

  /** The step of the first number that is not finite. */
  firstBad() {
    const bad = this.data.findings.find((finding) => finding.kind === "nan");
    const index = bad ? this.run.moments.findIndex((moment) => moment.place === bad.at) : -1;
    return index < 0 ? null : index + 1;
  }

  runOf(scene) {
    const places = scene.unfolded.map((name) => this.nodeOf(name));
    return new Run(this.data, new Set(places));
  }

  // Folding

  /** The scene with just these folded and unfolded; where there is none, the one with `must` that differs least. */
  nearest(folded, unfolded, must = () => true) {
    const distance = (scene) => apart(folded, scene.folded) + apart(unfolded, scene.unfolded);
    const able = this.data.scenes.filter(must);
    return able.length ? able.reduce((best, scene) => (distance(scene) < distance(best) ? scene : best)) : null;
  }

  foldScope(scope) {
    const { folded, unfolded } = this.state.get("scene");
    const on = !folded.includes(scope);
    const wanted = new Set(on ? [...folded, scope] : folded.filter((name) => name !== scope));
    this.openScene(this.nearest(wanted, new Set(unfolded), (scene) => scene.folded.includes(scope) === on));
  }

  unfoldNode(place) {
    const { folded, unfolded } = this.state.get("scene");
    const { name } = this.data.nodes[this.run.node(place)];
    const on = !unfolded.includes(name);
    const wanted = new Set(on ? [...unfolded, name] : unfolded.filter((other) => other !== name));
    this.openScene(this.nearest(new Set(folded), wanted, (scene) => scene.unfolded.includes(name) === on));
  }

  /** Another scene, at the same work of the same node. */
  openScene(scene) {
    if (!scene || scene === this.state.get("scene")) return;
    this.timeline.play(false);
    const before = this.state.get("step");
    const moment = this.run.moments[before - 1];
    const run = this.runOf(scene);
    const step = !moment ? 0 : before === this.run.length ? run.length : run.endOf(moment.owner, moment.phase);
    const node = this.state.get("node");
    const owner = node === null ? null : (this.data.nodes[node].part_of ?? node);
    this.state.set({ scene, step, node: owner });
  }

  /** Folds or unfolds what is chosen: a scope's box, a node made of smaller steps, or one of these. */
  open(box) {
    const node = this.data.nodes[box.main];
    if (box.card.role === "fold") this.foldScope(box.name);
    else if (this.data.unfoldings[this.run.node(box.main)]) this.unfoldNode(box.main);
    else if (node.part_of !== undefined) this.unfoldNode(node.part_of);
    else if (node.scope && this.data.scenes.some((scene) => scene.folded.includes(node.scope))) this.foldScope(node.scope);
  }

  frame(scope) {
    const place = this.nodeOf(scope);
    if (place !== null && this.run.unfolded.has(place)) this.unfoldNode(place);
    else if (this.data.scenes.some((scene) => scene.folded.includes(scope))) this.foldScope(scope);
  }

  // Building

  build() {
    this.canvas = s("svg", { class: "canvas", role: "group" });
    this.picture = new Picture(this.data, {
      t: this.t,
      onselect: (box) => this.camera.dragged || this.state.set({ node: box.main }),
      onopen: (box) => this.open(box),
      onframe: (scope) => this.camera.dragged || this.frame(scope),
    });
    this.canvas.append(this.picture.root);
    this.camera = new Camera(this.canvas, this.picture.root);
    this.parts = {
      header: h("header", { class: "top" }), banner: h("p", { class: "banner", role: "status", hidden: true }),
      legend: h("details", { class: "legend" }), tour: h("section", { class: "tour", hidden: true, tabindex: "-1" }),
      predict: h("section", { class: "predict", hidden: true, tabindex: "-1" }), step: h("section", { class: "step", "aria-live": "polite" }),
      node: h("section", { class: "node" }), footer: h("footer", { class: "timeline" }), help: h("dialog", { class: "help" }),
    };
    const { header, banner, legend, tour, predict, step, node, footer, help } = this.parts;
    this.pane = h("section", { class: "picture" }, banner, h("div", { class: "view" }, this.canvas), legend);
    this.panel = h("aside", { class: "panel", tabindex: "0" }, tour, predict, step, node);
    document.body.append(header, h("main", {}, this.pane, this.panel), footer, help);
    this.stepPanel = new StepPanel(this.data, this.t, step);
    this.nodePanel = new NodePanel(this.data, this.t, node, {
      select: (place) => this.choose(place), unfold: (place) => this.unfoldNode(place),
      highlight: (names) => this.picture.highlight(names), breakpoint: (place) => this.breakAt(place),
    });
    this.predict = new Predict(this.data, this.t, predict, () => this.state.set({ step: this.state.get("step") + 1 }));
    this.tour = new Tour(this.data, this.t, tour, (stop) => this.visit(stop));
    this.timeline = new TimelineBar(this.t, footer, {
      go: (name) => this.go(name), goTo: (step) => this.state.set({ step }), blocked: () => this.predict.question !== null,
    });
    this.buildHeader();
  }

  buildHeader() {
    const { t } = this;
    const views = Object.keys(this.state.get("scene").pictures);
    const button = (name, text, label, act, pressed) => h("button", {
      type: "button", "data-tool": name, "aria-label": label, title: label, "aria-pressed": pressed === undefined ? null : String(pressed), onclick: act,
    }, text);
    const lang = this.state.get("lang");
    const input = h("input", {
      type: "search", role: "combobox", placeholder: t("search"), "aria-label": t("search a node by name, op or shape"),
      "aria-expanded": "false", "aria-controls": "hits", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
    });
    const list = h("ul", { id: "hits", role: "listbox", hidden: true, "aria-label": t("found") });
    this.search = new Search(this.data, t, { input, list, onchoose: (place) => this.choose(place) });
    replace(this.parts.header,
      h("h1", {}, this.data.title || "graphlab"),
      h("div", { class: "tools views", role: "group", "aria-label": t("view") },
        ...views.map((view) => button(`view-${view}`, t(view), t(view), () => this.state.set({ view }), view === this.state.get("view")))),
      h("div", { class: "search" }, input, list),
      h("div", { class: "tools" },
        button("out", "−", t("zoom out"), () => this.camera.zoom(0.8)), button("in", "+", t("zoom in"), () => this.camera.zoom(1.25)),
        button("fit", t("fit"), t("fit the picture"), () => this.fit(0)),
        this.data.hide.includes("gradients") || this.data.seed === null ? null : button("predict", t("predict first"), t("predict first"), () => this.togglePredict(), this.state.get("predict")),
        this.tour.length ? button("tour", t("guided tour"), t("guided tour"), () => this.tour.show(0, lang)) : null,
        button("lang", lang === "ko" ? "English" : "한국어", t("the other language"), () => this.state.set({ lang: lang === "ko" ? "en" : "ko" })),
        button("theme", "◐", t("light or dark"), () => this.state.set({ theme: this.state.get("theme") === "dark" ? "light" : "dark" })),
        button("help", "?", t("this help"), () => this.help())));
  }

  help() {
    const rows = KEYS.map(([keys, text]) => h("tr", {}, h("th", { scope: "row" }, keys), h("td", {}, this.t(text))));
    replace(this.parts.help, h("h2", {}, this.t("keys")), h("table", {}, h("tbody", {}, ...rows)),
      h("p", {}, this.t("mouse help")),
      h("button", { type: "button", onclick: () => this.parts.help.close() }, this.t("close")));
    this.parts.help.showModal();
  }

  // Keeping up with the state

  refresh(changed) {
    const { scene, view, step, node, lang, theme } = this.state.values;
    if (changed.has("theme")) document.documentElement.dataset.theme = theme;
    if (changed.has("lang")) {
      document.documentElement.lang = lang;
      this.canvas.setAttribute("aria-label", this.t("the computational graph"));
      this.timeline.label();
      this.panel.setAttribute("aria-label", this.t("step"));
      if (this.tour.at >= 0) this.tour.show(this.tour.at, lang);
      if (this.predict.question) this.predict.draw();
    }
    if (changed.has("scene")) this.run = this.runOf(scene);
    if (["lang", "scene", "view"].some((name) => changed.has(name))) {
      this.picture.draw(scene.pictures[view], this.run, lang);
      this.picture.breakpoints(this.breakpoints);
      this.drawLegend();
      this.showMarks();
      if (!changed.has("lang") || changed.size > 1) this.fit();
    }
    if (["lang", "view", "predict"].some((name) => changed.has(name))) this.buildHeader();
    const moment = this.run.moments[step - 1];
    this.picture.show(step, moment, this.run.moments[step]);
    this.picture.select(node);
    this.stepPanel.show(this.run, step);
    this.nodePanel.show(this.run, step, node ?? moment?.step.node ?? null, {
      unfolded: this.run.unfolded, breakpoints: this.breakpoints, hideLater: false,
    });
    this.timeline.show(step, this.run.length, this.caption(moment, step));
    toggle(document.body, "hide-later", this.data.hide.includes("later"));
    this.say(step);
    if (["node", "step", "scene", "view"].some((name) => changed.has(name))) this.reveal(changed.has("node"));
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.writeAddress(), SETTLED);
  }

  /** Brings the chosen node into sight, or the one that has just worked. */
  reveal(chosen = false) {
    const node = this.state.get("node");
    const working = this.run.moments[this.state.get("step") - 1]?.step.node;
    const place = chosen ? (node ?? working) : (working ?? node);
    const box = place === undefined || place === null ? null : this.picture.boxOf(place);
    if (box) this.camera.reveal(box);
  }

  caption(moment, step) {
    const count = this.t("step {k} of {n}", { k: step, n: this.run.length });
    return moment ? `${count} · ${this.t(moment.phase)} · ${this.data.nodes[moment.step.node].name}` : count;
  }

  /** What was found at this step. */
  say(step) {
    const place = this.run.moments[step - 1]?.place;
    const found = this.data.findings.filter((finding) => finding.at === place);
    this.parts.banner.hidden = !found.length;
    replace(this.parts.banner, ...found.map((finding) => finding.texts[this.state.get("lang")]));
  }

  drawLegend() {
    const { scene, view, lang } = this.state.values;
    const { legend, notes } = scene.pictures[view];
    replace(this.parts.legend, h("summary", {}, this.t("legend")),
      ...legend[lang].map((line) => h("p", {}, ...line.map(([text, role]) => h("span", { class: role ? `text-${role}` : null }, text)))),
      ...notes[lang].map((note) => h("p", {}, note)));
  }

  showMarks() {
    const loss = this.run.moments.findIndex((moment) => moment.step.kind === "seed");
    const marks = loss < 0 ? [] : [{ at: loss, kind: "loss", text: this.t("the loss") }];
    for (const finding of this.data.findings) {
      const index = this.run.moments.findIndex((moment) => moment.place === finding.at);
      if (index >= 0) marks.push({ at: index + 1, kind: "finding", text: finding.texts[this.state.get("lang")] });
    }
    for (const at of this.stops()) marks.push({ at, kind: "breakpoint", text: this.t("breakpoint") });
    this.timeline.showMarks(marks, this.run.length);
  }

  writeAddress() {
    const { scene, view, step, node, lang } = this.state.values;
    const base = this.data.scenes[0];
    writeAddress({
      step, node: node === null ? null : this.data.nodes[node].name, view,
      unfold: same(scene.unfolded, base.unfolded) ? null : scene.unfolded.join(",") || ",",
      fold: same(scene.folded, base.folded) ? null : scene.folded.join(",") || ",",
      lang: lang === this.data.lang ? null : lang,
    });
  }

  // Moving

  go(name) {
    const step = this.state.get("step");
    const to = { first: 0, last: this.run.length, back: Math.max(step - 1, 0), forward: Math.min(step + 1, this.run.length),
      over: this.run.stopAfter(step), under: this.run.stopBefore(step), next: this.nextStop(step) }[name];
    if (name === "forward" && this.state.get("predict") && !this.predict.question && this.predict.ask(this.run, step)) return;
    if (name === "forward" && this.predict.question) return;
    if (this.predict.question) this.predict.stop();
    this.state.set({ step: to });
    if (this.timeline.timer && this.stops().includes(to)) this.timeline.play(false);
  }

  /** The positions at which a node with a breakpoint has done its work. */
  stops() {
    return this.run.stops.filter((at) => at > 0 && this.breakpoints.has(this.run.node(this.run.moments[at - 1].step.node)));
  }

  nextStop(step) {
    return this.stops().find((at) => at > step) ?? this.run.length;
  }

  breakAt(place) {
    const node = this.run.node(place);
    if (!this.breakpoints.delete(node)) this.breakpoints.add(node);
    this.picture.breakpoints(this.breakpoints);
    this.showMarks();
    this.refresh(new Set());
  }

  choose(place) {
    if (!this.picture.boxOf(place)) this.reach(place);
    this.state.set({ node: place });
    const box = this.picture.boxOf(place);
    if (box) this.camera.reveal(box);
  }

  /** Opens what a node is folded away in, where there is a picture of that. */
  reach(place) {
    const { folded, unfolded } = this.state.get("scene");
    const { scope } = this.data.nodes[place];
    const open = folded.filter((name) => !(scope === name || scope.startsWith(`${name}.`)));
    this.openScene(this.nearest(new Set(open), new Set(unfolded), (scene) => !scene.folded.some((name) => scope === name || scope.startsWith(`${name}.`))));
  }

  visit(stop) {
    if (stop.unfold.length) this.openScene(this.nearest(new Set(this.state.get("scene").folded), new Set(stop.unfold)));
    const patch = {};
    if (stop.view && this.state.get("scene").pictures[stop.view]) patch.view = stop.view;
    if (stop.step !== null) {
      const index = this.run.moments.findIndex((moment) => moment.place === stop.step);
      patch.step = stop.step < 0 ? (stop.step === -1 ? 0 : this.run.length) : index < 0 ? this.state.get("step") : index + 1;
    }
    this.state.set(patch);
    this.picture.highlight(stop.highlight);
    const box = this.picture.boxes.find((one) => stop.highlight.includes(one.name));
    if (box) this.camera.reveal(box);
  }

  togglePredict() {
    const on = !this.state.get("predict");
    if (!on) this.predict.stop();
    this.state.set({ predict: on });
    if (on && this.state.get("step") === this.run.length) this.state.set({ step: 0 });
  }

  fit(least = LEAST) {
    const { w, h: tall } = this.state.get("scene").pictures[this.state.get("view")];
    this.camera.fit(w, tall, least);
  }

  // Keys

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.parts.help.open) return;
    if (event.target.matches("input:not([type=range]), select, textarea")) return;
    if (this.predict.key(event)) return;
    const act = this.action(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  action(event) {
    const go = (name) => () => this.go(name);
    const onButton = event.target.closest("button, summary, a, td[tabindex]");
    const keys = {
      ArrowRight: go(event.shiftKey ? "over" : "forward"), ArrowLeft: go(event.shiftKey ? "under" : "back"), Home: go("first"), End: go("last"),
      ArrowDown: () => this.neighbour(1), ArrowUp: () => this.neighbour(-1),
      "/": () => this.search.input.focus(), "?": () => this.help(), "+": () => this.camera.zoom(1.25), "=": () => this.camera.zoom(1.25),
      "-": () => this.camera.zoom(0.8), b: () => this.onNode((node) => this.breakAt(node)), c: go("next"),
      p: () => this.timeline.play(!this.timeline.timer), q: () => this.togglePredict(), t: () => this.tour.length && this.tour.show(0, this.state.get("lang")),
      1: () => this.setView("forward"), 2: () => this.setView("backward"), 3: () => this.setView("both"),
    };
    if (!onButton) Object.assign(keys, { " ": () => this.fit(0), Enter: () => this.onNode((node) => this.openNode(node)) });
    return keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  }

  setView(view) {
    if (this.state.get("scene").pictures[view]) this.state.set({ view });
  }

  onNode(act) {
    const node = this.state.get("node") ?? this.run.moments[this.state.get("step") - 1]?.step.node;
    if (node !== undefined) act(node);
  }

  openNode(node) {
    const box = this.picture.boxOf(node);
    if (box) this.open(box);
  }

  /** The card before or after the chosen one, in the order of the picture. */
  neighbour(way) {
    const boxes = this.picture.boxes;
    const chosen = this.state.get("node") ?? this.run.moments[this.state.get("step") - 1]?.step.node;
    const at = chosen === undefined || chosen === null ? -1 : boxes.indexOf(this.picture.boxOf(chosen));
    const box = boxes[(at + way + boxes.length) % boxes.length];
    this.state.set({ node: box.main });
    box.element.focus({ preventScroll: true });
  }
}

function apart(wanted, given) {
  const others = new Set(given);
  return [...wanted].filter((name) => !others.has(name)).length + given.filter((name) => !wanted.has(name)).length;
}

function same(a, b) {
  return a.length === b.length && a.every((name, k) => name === b[k]);
}

readData().then((data) => {
  window.graphlab = new Page(data);
  if (document.body.dataset.live) watch(document.body.dataset.live, document.querySelector(".banner"));
});
