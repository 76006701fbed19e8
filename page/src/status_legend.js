// The classes of status: how each looks, and the buttons that choose them. Errors have patterns, too: colour alone says nothing.
import { select } from "d3-selection";
import { element, setText } from "./dom.js";
import { percent, number, statusNames } from "./words.js";

const strokes = { "3xx": "M0,6H6", "4xx": "M-1,1l2,-2M0,6l6,-6M5,7l2,-2", "5xx": "M0,0l6,6M6,0l-6,6" };

/** The patterns that style.css names; once in the page. */
export function statusPatterns(svg) {
  const patterns = svg.append("defs").selectAll("pattern").data(Object.entries(strokes)).join("pattern")
    .attr("id", ([name]) => `pattern-${name}`).attr("width", 6).attr("height", 6).attr("patternUnits", "userSpaceOnUse");
  patterns.append("rect").attr("width", 6).attr("height", 6).attr("class", ([name]) => `ground-${name}`);
  patterns.append("path").attr("d", ([, path]) => path).attr("class", "stroke");
}

export function statusLegend(box, filters) {
  const entries = statusNames.map((status, index) => {
    const button = element("button", { type: "button", class: "status", click: () => filters.toggle("statuses", index) });
    select(button).append("svg").attr("class", "swatch").attr("viewBox", "0 0 12 12").attr("aria-hidden", "true")
      .append("rect").attr("width", 12).attr("height", 12).attr("class", `bar-${status.name}`);
    const text = element("span");
    button.append(text);
    box.append(button);
    return { button, text, status, index };
  });
  return ({ sums }) => {
    const counts = sums.byStatus.requests;
    const whole = counts.reduce((sum, one) => sum + one, 0);
    for (const { button, text, status, index } of entries) {
      const chosen = filters.statuses.has(index);
      button.hidden = !(counts[index] > 0) && !chosen;
      button.setAttribute("aria-pressed", String(chosen));
      const name = status.name === "none" ? status.says : `${status.name} ${status.says}`;
      setText(text, `${name}: ${number(counts[index])} \u00b7 ${percent(counts[index], whole)}`);
    }
  };
}
