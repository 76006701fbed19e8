// A list of names with bars: countries, networks, verdicts. Where it is the control of a dimension its rows are buttons that choose.
import { element, keyed, setText } from "./dom.js";

/**
 * A row is {key, label, note, value, text, chosen}; `value` of the longest bar is `most`. choose(key): what a row does, or null.
 * `few` rows stand there until all are asked for.
 */
export function barList(section, { few, choose, what }) {
  const list = element("ul", { class: "bars" });
  const more = element("button", { type: "button", class: "quiet more", hidden: true, click: () => { all = !all; draw(last); } });
  let all = false;
  let last = [];
  section.append(list, more);

  function make() {
    const inside = [
      element("span", { class: "bar-label" }), element("span", { class: "bar-value" }),
      element("span", { class: "bar-track" }, element("span", { class: "bar-fill" })), element("span", { class: "bar-note" }),
    ];
    const row = choose ? element("button", { type: "button", class: "bar" }, ...inside) : element("div", { class: "bar" }, ...inside);
    if (choose) row.addEventListener("click", () => choose(row.choice));
    return element("li", {}, row);
  }

  function update(node, row, most) {
    const [label, value, track, note] = node.firstChild.children;
    setText(label, row.label);
    setText(value, row.text);
    setText(note, row.note ?? "");
    note.hidden = !row.note;
    track.firstChild.style.width = `${most > 0 ? (100 * row.value) / most : 0}%`;
    if (!choose) return;
    node.firstChild.choice = row.key;
    node.firstChild.setAttribute("aria-pressed", String(row.chosen));
  }

  function draw(rows) {
    last = rows;
    const most = rows.reduce((highest, row) => Math.max(highest, row.value), 0);
    // what is chosen stays in sight
    const some = all ? rows : rows.filter((row, index) => index < few || row.chosen);
    keyed(list, some, (row) => row.key, make, (node, row) => update(node, row, most));
    more.hidden = rows.length <= few;
    setText(more, all ? `Show the first ${few}` : `Show all ${rows.length.toLocaleString("en")} ${what}`);
  }

  return draw;
}
