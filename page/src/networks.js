// Requests by network (autonomous system).
import { barList } from "./bars.js";
import { element, setText } from "./dom.js";
import { tableBehind } from "./table.js";
import { bounds, number, numberCell, percent, requests, shareCell, shown } from "./words.js";

export function networkName(data, as) {
  if (as === 0) return "Network not known";
  const name = data.networkNames.get(String(as));
  return name ? `${shown(name)} (AS${as})` : `AS${as}`;
}

export function createNetworks(section) {
  const about = element("p", { class: "about" });
  section.append(about);
  const draw = barList(section, { few: 10, what: "networks", choose: null });
  let rows = [];
  let whole = 0;

  const table = tableBehind(section, "requests by network", () => ({
    head: ["Network", "AS number", "Requests at least", "Requests at most", "Share (%)", "4xx (%)", "5xx (%)"],
    rows: rows.map((row) => [
      row.label, row.as === null ? "" : { shown: String(row.as), copied: row.as }, numberCell(row.value), numberCell(row.value + row.error),
      shareCell(row.value, whole), row.as === null ? "" : shareCell(row.fours, row.value), row.as === null ? "" : shareCell(row.fives, row.value),
    ]),
  }));

  return ({ data, sums }) => {
    whole = sums.all.requests[0];
    rows = sums.networks.map((one) => ({
      key: one.as, as: one.as, label: networkName(data, one.as), value: one.requests, error: one.error, fours: one.fours, fives: one.fives,
      note: one.error > 0 ? `${bounds(one.requests, one.error)} requests: a few may have been counted elsewhere` : "",
    }));
    const rest = whole - rows.reduce((sum, row) => sum + row.value, 0);
    if (rest > 0) rows.push({ key: "rest", as: null, label: "All others", value: rest, error: 0, fours: 0, fives: 0 });
    for (const row of rows) row.text = `${requests(row.value)} \u00b7 ${percent(row.value, whole)}`;
    const named = data.networks.rows.length;
    setText(about, data.networksAll > named
      ? `The ${number(named)} largest of ${number(data.networksAll)} counts by network, country and verdict; what is left is among all others.`
      : "Networks are autonomous systems: providers, companies, universities.");
    draw(rows);
    table();
  };
}
