// Requests by country: the list chooses countries, and shows those that are not chosen, too.
import { barList } from "./bars.js";
import { element, setText } from "./dom.js";
import { tableBehind } from "./table.js";
import { bytes, country, numberCell, percent, requests, shareCell } from "./words.js";

export function createCountries(section, filters) {
  const about = element("p", { class: "about" });
  section.append(about);
  const draw = barList(section, { few: 10, what: "countries", choose: (code) => filters.toggle("countries", code) });
  let rows = [];
  let whole = 0;

  const table = tableBehind(section, "requests by country", () => ({
    head: ["Country", "Code", "Requests", "Share (%)", "Bytes sent", "4xx (%)", "5xx (%)"],
    rows: rows.map((row) => [
      row.label, row.key === "" ? "none" : row.code, numberCell(row.value), shareCell(row.value, whole),
      { shown: bytes(row.bytes), copied: row.bytes }, shareCell(row.fours, row.value), shareCell(row.fives, row.value),
    ]),
  }));

  return ({ data, sums }) => {
    const { requests: counts, bytes: sent, fours, fives } = sums.byCountry;
    rows = data.countries.map((code, index) => ({
      key: code, code, label: country(code), value: counts[index], bytes: sent[index], fours: fours[index], fives: fives[index],
      chosen: filters.countries.has(code),
    })).filter((row) => row.value > 0 || row.chosen).sort((a, b) => b.value - a.value);
    whole = rows.reduce((sum, row) => sum + row.value, 0);
    for (const row of rows) row.text = `${requests(row.value)} \u00b7 ${percent(row.value, whole)}`;
    setText(about, rows.length > 0 ? "Choose one or more to see only theirs in all pictures." : "No request is left by the filters.");
    draw(rows);
    table();
  };
}
