// The page: builds its parts and keeps them in step with the state.

import { Camera } from "./camera.js";
import { readData } from "./data.js";
import { h, replace, s, toggle } from "./dom.js";
import { Folding, listing } from "./folding.js";
import { filled, number } from "./format.js";
import { buildHeader } from "./header.js";
import { Keys } from "./keys.js";
import { watch } from "./live.js";
import { NodePanel } from "./node.js";
import { Picture } from "./picture.js";
import { Predict } from "./predict.js";
import { Run } from "./run.js";
import { readAddress, State, writeAddress } from "./state.js";
import { StepPanel } from "./step.js";
import { TimelineBar } from "./timeline.js";
import { Tour } from "./tour.js";

const LEAST = 0.85; // no smaller is a picture shown by itself
class Page {
  constructor(data) {
    this.data = data;
    this.breakpoints = new Set();
    this.format = { number };
    this.folding = new Folding(this);
    this.state = new State(this.start());
    this.t = (key, values) => filled(data.texts[this.state.get("lang")]?.[key] ?? key, values);
    this.build();
    this.state.listen((changed) => this.refresh(changed));
    this.refresh(new Set(["lang", "scene", "view", "step", "node", "theme"]));
    this.keys = new Keys(this);
    this.fit();
    this.reveal();
    addEventListener("hashchange", () => this.fromAddress());
    addEventListener("resize", () => this.resized());
    addEventListener("beforeprint", () => this.printing(true));
    addEventListener("afterprint", () => this.printing(false));
  }

  // Where it starts

  start() {
    const { data } = this;
    const address = readAddress();
    const scene = this.folding.sceneOf(address) ?? data.scenes[0];
    this.run = this.runOf(scene);
    const views = Object.keys(scene.pictures);
    return {
      scene,
      view: views.includes(address.view) ? address.view : views.at(-1),
      step: this.stepOf(address.step) ?? this.firstBad() ?? 0,
      node: this.chosenOf(address.node),
      lang: data.texts[address.lang] ? address.lang : data.lang,
      theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
      predict: false,
    };
  }

  fromAddress() {
    const address = readAddress();
    const scene = this.folding.sceneOf(address) ?? this.data.scenes[0];
    this.folding.openScene(scene);
    const patch = { step: this.stepOf(address.step) ?? this.state.get("step"), node: this.chosenOf(address.node) };
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

  /** The node an address asks for, or what it is a step of while that is folded. */
  chosenOf(name) {
    const place = this.nodeOf(name);
    const owner = place === null ? undefined : this.data.nodes[place].part_of;
    return owner === undefined || this.run.unfolded.has(owner) ? place : owner;
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

  // Building

  build() {
    this.canvas = s("svg", { class: "canvas", role: "group" });
    this.picture = new Picture(this.data, {
      t: this.t,
      onselect: (box) => this.camera.dragged || this.state.set({ node: box.main }),
      onopen: (box) => this.folding.open(box),
      onframe: (scope) => this.camera.dragged || this.folding.frame(scope),
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
      select: (place) => this.choose(place), unfold: (place) => this.folding.unfoldNode(place),
      highlight: (names) => this.picture.highlight(names), breakpoint: (place) => this.breakAt(place),
      fold: (scope) => this.folding.foldScope(scope), canFold: (scope) => this.folding.canFold(scope),
    });
    this.predict = new Predict(this.data, this.t, predict, () => this.state.set({ step: this.state.get("step") + 1 }));
    this.tour = new Tour(this.data, this.t, tour, (stop) => this.visit(stop));
    this.timeline = new TimelineBar(this.t, footer, {
      go: (name) => this.go(name), goTo: (step) => this.state.set({ step }), blocked: () => this.predict.question !== null,
    });
    this.search = buildHeader(this);
  }

  // Keeping up with the state

  refresh(changed) {
    const { scene, view, step, node, lang, theme } = this.state.values;
    if (changed.has("theme")) document.documentElement.dataset.theme = theme;
    if (changed.has("lang")) {
      document.documentElement.lang = lang;
      document.title = this.t("title") || "graphlab";
      this.canvas.setAttribute("aria-label", this.t("the computational graph"));
      this.timeline.label();
      this.panel.setAttribute("aria-label", this.t("step"));
      if (this.tour.at >= 0) this.tour.draw(lang);
      if (this.predict.question) this.predict.draw();
    }
    if (changed.has("scene")) this.run = this.runOf(scene);
    if (this.state.get("predict") && (changed.has("scene") || changed.has("step"))) this.predict.moved();
    if (["lang", "scene", "view"].some((name) => changed.has(name))) {
      this.picture.draw(scene.pictures[view], this.run, lang);
      this.picture.breakpoints(this.breakpoints);
      this.drawLegend();
      this.showMarks();
      if (!changed.has("lang") || changed.size > 1) this.fit();
    }
    if (["lang", "view", "predict"].some((name) => changed.has(name))) this.search = buildHeader(this);
    const moment = this.run.moments[step - 1];
    this.picture.show(step, moment, this.run.moments[step]);
    this.picture.select(node);
    this.stepPanel.show(this.run, step);
    this.nodePanel.show(this.run, step, node ?? moment?.step.node ?? null, {
      unfolded: this.run.unfolded, breakpoints: this.breakpoints,
    });
    this.timeline.show(step, this.run.length, this.caption(moment, step));
    toggle(document.body, "hide-later", this.data.hide.includes("later"));
    this.say(step);
    if (["node", "step", "scene", "view"].some((name) => changed.has(name))) this.reveal(changed.has("node"));
    this.writeAddress();
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
      h("p", {}, ...["lit", "coming"].flatMap((name, k) => [k ? " · " : "", h("span", { class: `text-${name}` }, this.t(name)), this.t(`legend ${name}`)])),
      ...legend[lang].map((line) => h("p", {}, ...line.map(([text, role]) => h("span", { class: role ? `text-${role}` : null }, text)))),
      ...notes[lang].map((note) => h("p", {}, note)));
  }

  showMarks() {
    const loss = this.run.moments.findIndex((moment) => moment.step.kind === "seed");
    const marks = loss < 0 ? [] : [{ at: loss, kind: "loss", text: this.t(this.run.isGiven() ? "the seed" : "the loss") }];
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
      unfold: same(scene.unfolded, base.unfolded) ? null : listing(scene.unfolded),
      fold: same(scene.folded, base.folded) ? null : listing(scene.folded),
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
    if (!this.picture.boxOf(place)) this.folding.reach(place);
    this.state.set({ node: place });
    const box = this.picture.boxOf(place);
    if (box) this.camera.reveal(box);
  }

  visit(stop) {
    if (stop.unfold.length) this.folding.openScene(this.folding.nearest(new Set(this.state.get("scene").folded), new Set(stop.unfold)));
    const place = stop.step < 0 || stop.step === null ? this.nodeOf(stop.highlight[0]) : this.data.steps[stop.step].node;
    if (place !== null) this.folding.reach(place);
    const patch = { node: null };
    if (stop.view && this.state.get("scene").pictures[stop.view]) patch.view = stop.view;
    if (stop.step !== null) {
      patch.step = stop.step < 0 ? (stop.step === -1 ? 0 : this.run.length) : this.run.positionOf(stop.step);
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

  /** Another size: a phone's bars come and go and change only the height, and then nothing is to move. */
  resized() {
    const [before] = this.camera.size();
    this.camera.known = null;
    if (Math.abs(this.camera.size()[0] - before) < 1) return;
    this.fit();
    this.reveal();
  }

  /** On paper: the whole picture, and dark ink. */
  printing(on) {
    const { scene, view, theme } = this.state.values;
    document.documentElement.dataset.theme = on ? "light" : theme;
    const { w, h: tall } = scene.pictures[view];
    if (on) {
      this.canvas.setAttribute("viewBox", `0 0 ${w} ${tall}`);
      this.picture.root.removeAttribute("transform");
    } else {
      this.canvas.removeAttribute("viewBox");
      this.camera.apply();
    }
  }

}

function same(a, b) {
  return a.length === b.length && a.every((name, k) => name === b[k]);
}

readData().then((data) => {
  window.graphlab = new Page(data);
  if (document.body.dataset.live) watch(document.body.dataset.live, document.querySelector(".banner"));
});
