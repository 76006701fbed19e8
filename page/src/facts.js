// What was read, what became of it, and how old the databases are.
import { endOf } from "./data.js";
import { byId, element } from "./dom.js";
import { bytes, day, number, shown } from "./words.js";

const daysMax = 30;

function database(one, newest) {
  const parts = [`${shown(one.path)} (${shown(one.type)})`];
  if (!(one.build_epoch > 0)) return element("li", {}, ...parts, ": date not known");
  parts.push(`, made on ${day(one.build_epoch)}`);
  const days = Math.floor((newest - one.build_epoch) / 86400);
  const line = element("li", {}, ...parts);
  if (days > daysMax) {
    line.append(". ", element("strong", { class: "warning" }, `Warning: ${number(days)} days older than the newest record. `
      + "Addresses change hands: take a newer database."));
  }
  return line;
}

function reasons(entries) {
  return element("ul", {}, ...[...entries].sort((a, b) => b[1] - a[1]).map(([reason, count]) => element("li", {}, `${shown(reason)}: ${number(count)}`)));
}

export function createFacts(section) {
  const content = element("div", { class: "facts" });
  section.append(content);
  return ({ data }) => {
    const { inputs, records } = data;
    const newest = data.time.count > 0 ? endOf(data.time) : 0;
    const block = (title, ...children) => element("div", {}, element("h3", {}, title), ...children);
    const names = inputs.names ?? [];
    const unnamed = inputs.files + inputs.streams - names.length;
    content.replaceChildren(
      block("Inputs",
        element("p", {}, `${number(inputs.files)} ${inputs.files === 1 ? "file" : "files"}, ${number(inputs.streams)} `
          + `${inputs.streams === 1 ? "stream" : "streams"}, ${bytes(data.bytesRead)} read.`),
        names.length > 0 ? element("ul", { class: "names" }, ...names.map((name) => element("li", {}, shown(name))),
          unnamed > 0 ? element("li", {}, `and ${number(unnamed)} more`) : null) : null),
      block("Records",
        element("p", {}, `${number(records.read)} lines read: ${number(records.written)} are in this report, ${number(records.rejected)} rejected, `
          + `${number(records.skipped)} skipped.`),
        data.rejectedByReason.length > 0 ? element("p", {}, "Rejected, by reason:") : null,
        data.rejectedByReason.length > 0 ? reasons(data.rejectedByReason) : null,
        data.skippedByReason.length > 0 ? element("p", {}, "Skipped, by reason:") : null,
        data.skippedByReason.length > 0 ? reasons(data.skippedByReason) : null),
      block("Databases", data.databases.length > 0
        ? element("ul", { class: "names" }, ...data.databases.map((one) => database(one, newest)))
        : element("p", {}, "None: countries and networks are not known.")),
    );
    // the licences of these databases ask for it
    const named = data.databases.some((one) => /wherefrom|db-?ip/i.test(one.type));
    byId("footer").replaceChildren(
      `Made by wherefrom ${data.version}. All times are UTC; 1 MB is a million bytes. Shapes of countries: Natural Earth. `,
      ...(named ? [element("a", { href: "https://db-ip.com", rel: "noreferrer noopener" }, "IP Geolocation by DB-IP")] : []),
    );
  };
}
