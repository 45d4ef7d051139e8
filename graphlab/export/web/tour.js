// A guided tour: stops with a text, a place to stand and things that light up.

import { h, replace } from "./dom.js";

export class Tour {
  /** go(stop): bring the page to a stop. */
  constructor(data, t, element, go) {
    Object.assign(this, { data, t, element, go, at: -1 });
  }

  get length() {
    return this.data.tour.length;
  }

  /** To a stop by number; closed for any other. */
  show(at, lang) {
    this.at = at >= 0 && at < this.length ? at : -1;
    this.draw(lang);
    if (this.at >= 0) this.go(this.data.tour[this.at]);
  }

  draw(lang) {
    this.element.hidden = this.at < 0;
    if (this.at < 0) {
      replace(this.element);
      return;
    }
    const stop = this.data.tour[this.at];
    const text = stop.texts[lang] ?? Object.values(stop.texts)[0];
    const button = (label, to, name) => h("button", { type: "button", "data-tour": name, disabled: to < 0 || to >= this.length, onclick: () => this.show(to, lang) }, label);
    replace(this.element,
      h("h2", {}, this.t("tour: {k} of {n}", { k: this.at + 1, n: this.length })),
      ...text.split(/\n\s*\n/).map((paragraph) => h("p", {}, paragraph)),
      h("div", { class: "buttons" },
        button(this.t("tour back"), this.at - 1, "back"), button(this.t("tour on"), this.at + 1, "on"),
        h("button", { type: "button", "data-tour": "end", onclick: () => this.show(-1, lang) }, this.t("end the tour"))));
  }
}
