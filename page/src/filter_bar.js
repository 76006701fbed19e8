// The filters that are on, each with a button that takes it off, and the choice of time.
import { endOf } from "./data.js";
import { element, keyed, setText } from "./dom.js";
import { country, moment, requests, shown, span, statusNames } from "./words.js";

function chips(filters, data) {
  const one = (dimension, name, value, text) => ({
    key: `${dimension} ${value}`, name, text, remove: () => filters.toggle(dimension, value),
  });
  const list = [
    ...[...filters.countries].map((code) => one("countries", "Country", code, country(code))),
    ...[...filters.verdicts].map((name) => one("verdicts", "Verdict", name, shown(name))),
    ...[...filters.statuses].map((index) => one("statuses", "Status", index, statusNames[index].name)),
  ];
  if (filters.hasTime) {
    list.push({ key: "time", name: "Time", text: span(...filters.moments(data.time)), remove: () => filters.setTime(null, null) });
  }
  return list;
}

/** A choice of moments; option 0 stands for the end of the data that is open. */
function fill(select, open, moments, chosen) {
  const key = `${open} ${moments.length} ${moments[0]} ${moments[moments.length - 1]}`;
  if (select.filledWith !== key) {
    select.filledWith = key;
    select.replaceChildren(element("option", { value: "" }, open), ...moments.map((at) => element("option", { value: String(at) }, moment(at))));
  }
  select.value = chosen === null ? "" : String(chosen);
}

export function createFilterBar(section, filters) {
  let data = null;
  const choice = () => [from, to].map((select) => (select.value === "" ? null : Number(select.value)));
  const choose = (changed) => {
    let [begin, end] = choice();
    if (begin !== null && end !== null && begin >= end) { // the range follows what was chosen last
      if (changed === from) end = begin + data.time.step;
      else begin = end - data.time.step;
    }
    filters.setTime(begin, end);
  };
  const from = element("select", { id: "time-from", change: () => choose(from) });
  const to = element("select", { id: "time-to", change: () => choose(to) });
  const list = element("ul", { class: "chips", "aria-label": "filters that are on" });
  const none = element("span", { class: "no-filter" }, "No filter: everything is shown.");
  const clear = element("button", { type: "button", class: "quiet", id: "clear", click: () => filters.clear() }, "Clear all");
  const count = element("span", { class: "unseen", role: "status" });
  section.append(element("div", { class: "active" }, none, list, clear, count),
    element("div", { class: "range" }, element("label", { for: "time-from" }, "From (UTC)"), from, element("label", { for: "time-to" }, "to"), to));

  const make = () => element("li", {}, element("button", { type: "button", class: "chip" }, element("span", { class: "chip-text" }),
    element("span", { class: "cross", "aria-hidden": "true" }, "\u00d7")));

  return (view) => {
    data = view.data;
    const { time } = data;
    const starts = Array.from({ length: time.count }, (_, index) => time.start + index * time.step);
    const [begin, end] = filters.moments(time);
    const [first, last] = filters.buckets(time);
    // a range from data that had other buckets is shown by those that hold it
    fill(from, "the beginning", starts, filters.from === null || begin < time.start ? null : time.start + Math.min(first, time.count - 1) * time.step);
    fill(to, "the end", starts.map((at) => at + time.step), filters.to === null || end > endOf(time) ? null : time.start + Math.max(last, 1) * time.step);
    keyed(list, chips(filters, data), (chip) => chip.key, make, (node, chip) => {
      const button = node.firstChild;
      setText(button.firstChild, `${chip.name}: ${chip.text}`);
      button.setAttribute("aria-label", `Remove filter ${chip.name}: ${chip.text}`);
      button.onclick = () => {
        chip.remove();
        if (!button.isConnected) (list.querySelector("button") ?? from).focus({ preventScroll: true });
      };
    });
    none.hidden = filters.any;
    if (!filters.any && document.activeElement === clear) from.focus({ preventScroll: true });
    clear.hidden = !filters.any;
    setText(count, filters.any ? `${requests(view.sums.all.requests[0])} shown` : "");
  };
}
