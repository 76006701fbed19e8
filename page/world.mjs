// The shapes of countries for the page, of world-atlas (Natural Earth, 1:50 million): what cannot be seen at the map's deepest zoom is left
// out, and each shape is known by the code that records have.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { quantize } from "topojson-client";
import { filter, filterWeight, presimplify, simplify } from "topojson-simplify";

const require = createRequire(import.meta.url);
const countries = require("i18n-iso-countries");

const areaMin = 0.004; // square degrees that a corner of an outline adds at least
const islandMin = 0.002; // likewise of a whole ring
const steps = 40000; // of the grid that corners stand on: a third of a kilometre in latitude

// Shapes without a number in ISO 3166-1. Records name the first two by the code of the whole island or state, and Kosovo by the code that
// is in use for it; the others have no code of their own.
const withoutNumber = { Somaliland: "SO", "N. Cyprus": "CY", Kosovo: "XK" };

export async function worldModule(here) {
  const atlas = JSON.parse(await readFile(path.join(here, "node_modules/world-atlas/countries-50m.json"), "utf8"));
  delete atlas.objects.land;
  for (const shape of atlas.objects.countries.geometries) {
    shape.id = shape.id === undefined ? withoutNumber[shape.properties.name] ?? "" : countries.numericToAlpha2(shape.id) ?? "";
    delete shape.properties;
  }
  let topology = presimplify(atlas);
  topology = simplify(topology, areaMin);
  topology = filter(topology, filterWeight(topology, islandMin));
  topology = quantize(topology, steps);
  // a text that is parsed is quicker to load than the same as a script
  return `export default JSON.parse(${JSON.stringify(JSON.stringify(topology))});`;
}
