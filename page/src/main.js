// Reads the data, makes the pictures, and draws them anew whenever a filter changes.
import { unpacked } from "./data.js";
import { byId, keepingFocus } from "./dom.js";
import { createCountries } from "./countries.js";
import { createFacts } from "./facts.js";
import { createFigures } from "./figures.js";
import { createFilterBar } from "./filter_bar.js";
import { Filters } from "./filters.js";
import { watch } from "./live.js";
import { createMap } from "./map.js";
import { createNetworks } from "./networks.js";
import { createResidency } from "./residency.js";
import { sumsOf } from "./sums.js";
import { createTalkers } from "./talkers.js";
import { createTimeChart } from "./time_chart.js";
import { createVerdicts } from "./verdict_list.js";

const filters = new Filters();
let pictures = null;
let facts = null;
let data = null;

function make() {
  return [
    createFigures(), createFilterBar(byId("filters"), filters), createMap(byId("map"), filters), createTimeChart(byId("time"), filters),
    createCountries(byId("countries"), filters), createNetworks(byId("networks")), createVerdicts(byId("verdicts"), filters),
    createResidency(byId("residency")), createTalkers(byId("talkers")),
  ];
}

function redraw() {
  const view = { data, sums: sumsOf(data, filters) };
  keepingFocus(() => pictures.forEach((draw) => draw(view)));
}

function show(raw) {
  data = unpacked(raw ?? {});
  const empty = data.groups.rows.length === 0 || data.time.count === 0;
  byId("empty").hidden = !empty;
  byId("report").hidden = empty;
  facts ??= createFacts(byId("facts"));
  byId("facts").hidden = raw === null;
  if (raw !== null) facts({ data });
  if (empty) return;
  pictures ??= make();
  redraw();
}

filters.changed = redraw;
const given = JSON.parse(byId("data").textContent);
show(given);
if (given !== null && given.live === true) watch(given, show);
