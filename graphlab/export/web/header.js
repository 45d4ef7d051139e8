// The row above the picture: title, views, search and tools.

import { h, replace } from "./dom.js";
import { Search } from "./search.js";

/** Builds the header anew, in the page's language; gives the search that is in it. */
export function buildHeader(page) {
  const { t } = page;
  const views = Object.keys(page.state.get("scene").pictures);
  const button = (name, text, label, act, pressed) => h("button", {
    type: "button", "data-tool": name, "aria-label": label, title: label, "aria-pressed": pressed === undefined ? null : String(pressed), onclick: act,
  }, text);
  const lang = page.state.get("lang");
  const input = h("input", {
    type: "search", role: "combobox", placeholder: t("search"), "aria-label": t("search a node by name, op or shape"),
    "aria-expanded": "false", "aria-controls": "hits", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
  });
  const list = h("ul", { id: "hits", role: "listbox", hidden: true, "aria-label": t("found") });
  const search = new Search(page.data, t, { input, list, onchoose: (place) => page.choose(place), isDrawn: (place) => page.picture.isDrawn(place) });
  replace(page.parts.header,
    h("h1", {}, t("title") || "graphlab"),
    h("div", { class: "tools views", role: "group", "aria-label": t("view") },
      ...views.map((view) => button(`view-${view}`, t(view), t(view), () => page.state.set({ view }), view === page.state.get("view")))),
    h("div", { class: "search" }, input, list),
    h("div", { class: "tools" },
      button("out", "−", t("zoom out"), () => page.camera.zoom(0.8)), button("in", "+", t("zoom in"), () => page.camera.zoom(1.25)),
      button("fit", t("fit"), t("fit the picture"), () => page.fit(0)),
      page.data.hide.includes("gradients") || page.data.seed === null ? null : button("predict", t("predict first"), t("predict first"), () => page.togglePredict(), page.state.get("predict")),
      page.tour.length ? button("tour", t("guided tour"), t("guided tour"), () => page.tour.show(0, lang)) : null,
      button("lang", lang === "ko" ? "English" : "한국어", t("the other language"), () => page.state.set({ lang: lang === "ko" ? "en" : "ko" })),
      button("theme", "◐", t("light or dark"), () => page.state.set({ theme: page.state.get("theme") === "dark" ? "light" : "dark" })),
      button("help", "?", t("this help"), () => page.keys.help())));
  return search;
}
