// How requests came, and how far the client's address can be believed.
import { barList } from "./bars.js";
import { element, setText } from "./dom.js";
import { tableBehind } from "./table.js";
import { meaningOf } from "./verdicts.js";
import { number, numberCell, percent, shareCell, shown } from "./words.js";

export function createVerdicts(section, filters) {
  const about = element("p", { class: "about" });
  section.append(about);
  const draw = barList(section, { few: 30, what: "verdicts", choose: (name) => filters.toggle("verdicts", name) });
  let rows = [];
  let whole = 0;

  const table = tableBehind(section, "requests by verdict", () => ({
    head: ["Verdict", "Meaning", "Client known", "Requests", "Share (%)"],
    rows: rows.map((row) => [
      row.name, `They ${row.meaning.says}. ${row.meaning.why}`, row.resolved ? "yes" : "no", numberCell(row.value),
      shareCell(row.value, whole),
    ]),
  }));

  return ({ data, sums }) => {
    rows = data.verdicts.map((verdict, index) => ({
      key: verdict.name, name: shown(verdict.name), resolved: verdict.resolved, meaning: meaningOf(verdict.name), value: sums.byVerdict.requests[index],
      chosen: filters.verdicts.has(verdict.name),
    })).filter((row) => row.value > 0 || row.chosen).sort((a, b) => b.value - a.value);
    whole = rows.reduce((sum, row) => sum + row.value, 0);
    const known = rows.reduce((sum, row) => sum + (row.resolved ? row.value : 0), 0);
    for (const row of rows) {
      row.label = `${percent(row.value, whole)} ${row.meaning.says}`;
      row.text = `${number(row.value)}\u00a0\u00b7 ${row.name}`;
      row.note = `${row.meaning.why}${row.resolved ? "" : " The client is not known."}`;
    }
    const unconfirmed = data.trustMost === 1
      ? " No chain of hops was declared, so nothing confirms it: where a proxy or a CDN stands in front, the address is theirs." : "";
    setText(about, `The client's address is known for ${percent(known, whole)} of these requests.${unconfirmed}`);
    draw(rows);
    table();
  };
}
