// The line of summary and the key figures.
import { endOf } from "./data.js";
import { byId, element, keyed, setText } from "./dom.js";
import { bytes, number, percent, requests, span } from "./words.js";

function summary(data, sums) {
  const { time } = data;
  const whole = data.records.written;
  const spoofed = data.verdicts.findIndex((verdict) => verdict.name === "spoofed-leftmost");
  const claims = spoofed < 0 ? 0 : sums.unfilteredByVerdict[spoofed];
  const parts = [`${requests(whole)}, ${span(time.start, endOf(time))} UTC, read by wherefrom ${data.version}.`];
  if (claims > 0) parts.push(`${percent(claims, whole)} claim an address that no trusted hop saw.`);
  return parts.join(" ");
}

function figures(data, sums) {
  const whole = sums.all.requests[0];
  const countries = data.countries.filter((code, index) => code !== "" && sums.shownByCountry[index] > 0).length;
  const clients = data.distinctClients;
  const error = clients && clients.error > 0 ? `, give or take ${percent(clients.error, 1)}` : "";
  return [
    { name: "Requests", value: number(whole), note: whole === data.records.written ? "all of them" : `${percent(whole, data.records.written)} of all` },
    { name: "Clients, about", value: clients ? number(clients.estimate) : "not known", note: `in the whole report${error}` },
    { name: "Countries", value: number(countries), note: sums.shownByCountry[data.countries.indexOf("")] > 0
      ? `${percent(sums.shownByCountry[data.countries.indexOf("")], whole)} of requests without one` : "" },
    { name: "Sent to clients", value: bytes(sums.all.bytes[0]), note: whole > 0 ? `${bytes(Math.round(sums.all.bytes[0] / whole))} a request` : "" },
    { name: "Client errors, 4xx", value: percent(sums.all.fours[0], whole), note: requests(sums.all.fours[0]) },
    { name: "Server errors, 5xx", value: percent(sums.all.fives[0], whole), note: requests(sums.all.fives[0]) },
    { name: "Lines rejected", value: number(data.records.rejected), note: `of ${number(data.records.read)} in the whole report` },
  ];
}

export function createFigures() {
  const list = byId("figures");
  const make = () => element("div", {}, element("dt"), element("dd", { class: "value" }), element("dd", { class: "note" }));
  return ({ data, sums }) => {
    setText(byId("summary"), summary(data, sums));
    keyed(list, figures(data, sums), (one) => one.name, make, (node, one) => {
      [one.name, one.value, one.note].forEach((text, index) => setText(node.children[index], text));
    });
  };
}
