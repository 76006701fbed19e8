// Which zone's clients were served in which place, and what the policy says to that.
import { element } from "./dom.js";
import { tableBehind } from "./table.js";
import { number, numberCell, percent, shown } from "./words.js";

// The mark stands beside the word: no meaning by colour alone.
const marks = new Map([["ok", "\u2713"], ["conditional", "!"], ["violation", "\u2715"], ["indeterminate", "?"], ["exempt", "\u2013"]]);
const meanings = new Map([
  ["ok", "allowed by the policy"], ["conditional", "allowed on conditions"], ["violation", "not allowed"],
  ["indeterminate", "cannot be told"], ["exempt", "left out of the policy"],
]);

function matrix(data, found) {
  const byPlace = new Map();
  for (const one of found) {
    const key = `${one.zone} ${one.place}`;
    byPlace.set(key, [...(byPlace.get(key) ?? []), one]);
  }
  const used = (names, member) => names.map((name, index) => index).filter((index) => found.some((one) => one[member] === index));
  const places = used(data.places, "place");
  const zones = used(data.zones, "zone");
  const cell = (zone, place) => {
    const parts = (byPlace.get(`${zone} ${place}`) ?? []).map((one) => {
      const name = data.residencyVerdicts[one.verdict];
      return element("span", { class: "residency-part", "data-verdict": marks.has(name) ? name : "indeterminate" },
        element("span", { class: "mark", "aria-hidden": "true" }, marks.get(name) ?? "?"), ` ${number(one.requests)} `,
        element("span", { class: "residency-name" }, shown(name)));
    });
    return element("td", {}, ...(parts.length > 0 ? parts : [element("span", { class: "none" }, "none")]));
  };
  return element("table", { class: "matrix" },
    element("caption", {}, "Requests by the client's zone (rows) and the place that served them (columns)"),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Zone"),
      ...places.map((place) => element("th", { scope: "col" }, shown(data.places[place]))))),
    element("tbody", {}, ...zones.map((zone) => element("tr", {}, element("th", { scope: "row" }, shown(data.zones[zone])),
      ...places.map((place) => cell(zone, place))))));
}

export function createResidency(section) {
  const about = element("p", { class: "about" });
  const box = element("div", { class: "table-box matrix-box", tabindex: "0", role: "region", "aria-label": "residency matrix" });
  section.append(about, box);
  let found = [];
  let data = null;
  const table = tableBehind(section, "requests by zone, place and residency verdict", () => ({
    head: ["Zone of the client", "Place that served", "Verdict", "Requests"],
    rows: found.map((one) => [
      shown(data.zones[one.zone]), shown(data.places[one.place]), shown(data.residencyVerdicts[one.verdict]),
      numberCell(one.requests),
    ]),
  }));

  return (view) => {
    data = view.data;
    section.hidden = data.residency.rows.length === 0;
    if (section.hidden) return;
    found = view.sums.residency;
    const whole = found.reduce((sum, one) => sum + one.requests, 0);
    const parts = data.residencyVerdicts.map((name, index) => {
      const count = found.reduce((sum, one) => sum + (one.verdict === index ? one.requests : 0), 0);
      return count > 0 ? `${percent(count, whole)} ${shown(name)} (${meanings.get(name) ?? "see the policy"})` : null;
    }).filter((part) => part !== null);
    about.textContent = whole > 0 ? `Of ${number(whole)} judged requests: ${parts.join(", ")}.` : "No judged request is left by the filters.";
    box.replaceChildren(matrix(data, found));
    table();
  };
}
