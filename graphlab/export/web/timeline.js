// The row of controls below the picture: buttons, slider with marks, and play.

import { h, replace } from "./dom.js";

const SPEEDS = [0.5, 1, 2, 4, 8];

export class TimelineBar {
  /** go(name): first, back, forward, last; goTo(position); settled(): play may go on. */
  constructor(t, element, { go, goTo, blocked }) {
    Object.assign(this, { t, element, go, goTo, blocked, timer: null, speed: 1 });
    this.build();
  }

  build() {
    const button = (name, sign, keys) => h("button", { type: "button", "data-go": name, "aria-keyshortcuts": keys, onclick: () => this.go(name) }, sign);
    this.buttons = {
      first: button("first", "«", "Home"), back: button("back", "‹", "ArrowLeft"),
      forward: button("forward", "›", "ArrowRight"), last: button("last", "»", "End"),
    };
    this.playButton = h("button", { type: "button", "data-go": "play", "aria-keyshortcuts": "P", onclick: () => this.play(!this.timer) });
    this.speeds = h("select", { onchange: () => this.setSpeed(Number(this.speeds.value)) }, ...SPEEDS.map((n) => h("option", { value: n, selected: n === this.speed }, `${n}×`)));
    this.slider = h("input", { type: "range", min: 0, value: 0, step: 1, oninput: () => this.goTo(Number(this.slider.value)) });
    this.marks = h("div", { class: "marks", "aria-hidden": "true" });
    this.count = h("output", { class: "count" });
    replace(this.element,
      h("div", { class: "moves" }, this.buttons.first, this.buttons.back, this.buttons.forward, this.buttons.last, this.playButton, this.speeds),
      h("div", { class: "track" }, this.marks, this.slider), this.count);
    this.label();
  }

  label() {
    const words = { first: "« First", back: "‹ Back", forward: "Forward ›", last: "Last »" };
    for (const [name, button] of Object.entries(this.buttons)) {
      const text = this.t(words[name]);
      button.replaceChildren(...text.split(" ").map((part) => h("span", { class: /[«»‹›]/.test(part) ? "sign" : "word" }, part)));
      button.setAttribute("aria-label", text.replace(/[«»‹›]/g, "").trim());
    }
    this.playButton.textContent = this.timer ? "❚❚" : "▶";
    this.playButton.setAttribute("aria-label", this.timer ? this.t("pause") : this.t("play"));
    this.speeds.setAttribute("aria-label", this.t("speed"));
    this.slider.setAttribute("aria-label", this.t("step"));
  }

  show(position, length, caption) {
    this.slider.max = length;
    this.slider.value = position;
    this.slider.setAttribute("aria-valuetext", caption);
    this.count.textContent = this.t("step {k} of {n}", { k: position, n: length });
    this.buttons.first.disabled = this.buttons.back.disabled = position === 0;
    this.buttons.forward.disabled = this.buttons.last.disabled = position === length;
    if (this.timer && position === length) this.play(false);
  }

  /** marks: [{at, kind, text}]. */
  showMarks(marks, length) {
    replace(this.marks, ...marks.map(({ at, kind, text }) => {
      const mark = h("span", { class: `tick tick-${kind}`, title: text, onclick: () => this.goTo(at) });
      mark.style.setProperty("--at", `${(100 * at) / Math.max(length, 1)}%`);
      return mark;
    }));
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.timer) this.play(true);
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.blocked() || this.go("forward"), 1000 / this.speed) : null;
    this.label();
  }
}
