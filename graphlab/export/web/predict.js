// Predict first: before a gradient is shown, its sign or its value is asked for, and a score is kept.

import { h, replace } from "./dom.js";
import { indexText, number, toFloat } from "./format.js";

const CLOSE = 0.02; // of the value: a number this near counts

export class Predict {
  /** ondone(): the question is over, the step may be shown. */
  constructor(data, t, element, ondone) {
    Object.assign(this, { data, t, element, ondone, right: 0, asked: 0, question: null });
  }

  /** Asks about the step at a position; false where there is nothing to ask. */
  ask(run, position) {
    const step = run.moments[position]?.step;
    const array = step && run.array(step.array);
    if (step?.kind !== "contribution" || !array?.data?.length) return false;
    const sizes = array.data.map((n) => Math.abs(toFloat(n)));
    const place = sizes.indexOf(Math.max(...sizes.filter((n) => !Number.isNaN(n))));
    if (place < 0) return false;
    const value = toFloat(array.data[place]);
    const name = step.left + (array.data.length > 1 ? indexText(place, array.shape) : "");
    this.question = { value, name, from: this.data.nodes[step.node].name };
    this.draw();
    return true;
  }

  draw() {
    const { name, from } = this.question;
    const sign = (label, what, key) => h("button", { type: "button", "data-sign": what, "aria-keyshortcuts": key, onclick: () => this.answerSign(what) }, label);
    this.input = h("input", { type: "text", inputmode: "decimal", size: "8", autocomplete: "off", "aria-label": this.t("value of {name}", { name }) });
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); this.answerValue(this.input.value); } },
      this.input, h("button", { type: "submit" }, this.t("check")));
    replace(this.element,
      h("h2", {}, this.t("what comes next?")),
      h("p", {}, this.t("{from} sends {name}: its sign, or its value?", { from, name })),
      h("div", { class: "buttons" }, sign("−", "-1", "-"), sign("0", "0", "0"), sign("+", "1", "+")),
      form,
      h("div", { class: "buttons" }, h("button", { type: "button", "data-sign": "skip", onclick: () => this.over(null) }, this.t("show it"))),
      this.score());
    this.element.hidden = false;
    this.element.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "nearest" });
  }

  /** − 0 + answer with the sign; a digit starts a value. */
  key(event) {
    if (!this.question || event.target === this.input) return false;
    const sign = { "-": "-1", "0": "0", "+": "1", "=": "1" }[event.key];
    if (sign) this.answerSign(sign);
    else if (/^[1-9.]$/.test(event.key)) this.input.focus();
    else return false;
    if (sign) event.preventDefault();
    return true;
  }

  answerSign(sign) {
    this.over(String(Math.sign(this.question.value)) === sign || (sign === "0" && this.question.value === 0));
  }

  answerValue(text) {
    const given = Number(text.trim().replace("−", "-").replace(",", "."));
    if (text.trim() === "" || Number.isNaN(given)) {
      this.input.setAttribute("aria-invalid", "true");
      this.input.focus();
      return;
    }
    const { value } = this.question;
    this.over(Math.abs(given - value) <= CLOSE * Math.abs(value) || (value === 0 && given === 0));
  }

  /** right: true, false, or null for a question that was skipped. */
  over(right) {
    const { name, value } = this.question;
    this.question = null;
    this.told = true;
    if (right !== null) {
      this.asked += 1;
      this.right += right ? 1 : 0;
    }
    const said = right === null ? "" : right ? this.t("right") : this.t("not quite");
    replace(this.element,
      h("p", { class: right === false ? "wrong" : "right", role: "status" }, [said, `${name} = ${number(value, this.data.precision)}`].filter(Boolean).join(": ")),
      this.score());
    this.ondone();
  }

  score() {
    return h("p", { class: "score" }, this.t("score: {right} of {asked}", { right: this.right, asked: this.asked }));
  }

  /** The page stands elsewhere: a question about what came next there is none any more, and its answer may be ahead. */
  moved() {
    if (this.told) {
      this.told = false;
      return;
    }
    this.question = null;
    this.element.hidden = !this.asked;
    replace(this.element, this.score());
  }

  stop() {
    this.question = null;
    this.element.hidden = true;
    replace(this.element);
  }
}
