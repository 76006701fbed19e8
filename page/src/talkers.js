// The clients with the most requests, with what is certain about each.
import { element, setText } from "./dom.js";
import { networkName } from "./networks.js";
import { tableBehind } from "./table.js";
import { bounds, country, listed, number, numberCell, percent, shareCell, shown } from "./words.js";

const few = 15;
const rowsMax = 300; // a report has no more rows of clients

function line(one, data, whole) {
  const text = (value, numeric) => element("td", { class: numeric ? "numeric" : false }, value);
  return element("tr", {}, element("th", { scope: "row", class: "address" }, shown(one.address)),
    text(listed(one.countries.map(country), 2)), text(networkName(data, one.as)), text(bounds(one.requests, one.error), true),
    text(percent(one.requests, whole), true), text(percent(one.fours, one.requests), true), text(percent(one.fives, one.requests), true));
}

/** What the numbers are: how sure, and of how many. */
function wording(data, clients) {
  if (clients.length === 0) return "No client with a known address is left by the filters.";
  const parts = [];
  if (clients.some((one) => one.error > 0)) {
    parts.push("\u201c100 to 120\u201d: 100 requests were counted for certain; up to 20 more may be this client's, because only so many clients can be "
      + "followed at a time.");
  }
  const rows = data.clients.rows.length;
  if (rows >= rowsMax) {
    parts.push(`Out of the ${number(rows)} largest counts by client, country and verdict: a client may have a few more requests, `
      + "which are in none of them.");
  }
  return parts.length > 0 ? parts.join(" ") : "Every number here is exact.";
}

export function createTalkers(section) {
  const about = element("p", { class: "about" });
  const body = element("tbody");
  const head = ["Address", "Country", "Network", "Requests", "Share", "4xx", "5xx"].map((title, column) => {
    return element("th", { scope: "col", class: column > 2 ? "numeric" : false }, title);
  });
  section.append(about, element("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": "list of clients" },
    element("table", { class: "talkers" }, element("caption", { class: "unseen" }, "Clients with the most requests"),
      element("thead", {}, element("tr", {}, ...head)), body)));
  let view = null;
  const table = tableBehind(section, "requests by client", () => ({
    head: ["Address", "Countries", "Network", "Requests at least", "Requests at most", "Share (%)", "4xx (%)", "5xx (%)",
      "Among the first for certain"],
    rows: view.sums.clients.map((one) => [
      shown(one.address), one.countries.map(country).join(", "), networkName(view.data, one.as), numberCell(one.requests),
      numberCell(one.requests + one.error), shareCell(one.requests, view.sums.all.requests[0]), shareCell(one.fours, one.requests),
      shareCell(one.fives, one.requests), one.guaranteed ? "yes" : "no",
    ]),
  }));

  return (given) => {
    view = given;
    const { clients, all } = view.sums;
    setText(about, wording(view.data, clients));
    body.replaceChildren(...clients.slice(0, few).map((one) => line(one, view.data, all.requests[0])));
    table();
  };
}
