// The world: countries shaded by requests, points by tile with an area by requests. Shapes and points choose countries.
import { geoGraticule10, geoNaturalEarth1, geoPath } from "d3-geo";
import { select } from "d3-selection";
import { feature } from "topojson-client";
import topology from "world";
import { tileCentre } from "./data.js";
import { element, setText } from "./dom.js";
import { mapControls } from "./map_controls.js";
import { tableBehind } from "./table.js";
import { hideTooltip, showTooltip } from "./tooltip.js";
import { country, degrees, listed, number, numberCell, percent, requests, shareCell } from "./words.js";

const width = 960;
const height = 470;
const steps = 5; // of shading
const largestPoint = 17; // radius in pixels of the screen

/** The fewest requests of a shade: each has a third of the next, so that small countries are seen, too. */
function leastOf(step, most) {
  return step === 1 ? 1 : Math.max(1, Math.ceil(most / Math.pow(3, steps - step + 1)));
}

function shade(count, most) {
  if (!(count > 0)) return "empty";
  let step = steps;
  while (step > 1 && count < leastOf(step, most)) step--;
  return String(step);
}

export function createMap(section, filters) {
  const projection = geoNaturalEarth1().fitExtent([[2, 2], [width - 2, height - 2]], { type: "Sphere" });
  const path = geoPath(projection).digits(2);
  const about = element("p", { class: "about" });
  const frame = element("div", { class: "map-frame" });
  section.append(about, frame);
  const svg = select(frame).append("svg").attr("class", "map").attr("viewBox", `0 0 ${width} ${height}`).attr("tabindex", "0")
    .attr("role", "application").attr("aria-label", "World map of requests").attr("aria-describedby", "map-keys");
  const world = svg.append("g");
  world.append("path").attr("class", "sphere").attr("d", path({ type: "Sphere" }));
  world.append("path").attr("class", "graticule").attr("d", path(geoGraticule10()));
  const shapes = world.append("g").selectAll("path").data(feature(topology, topology.objects.countries).features).join("path")
    .attr("d", path).attr("class", "country").attr("data-country", (shape) => shape.id);
  const pointLayer = world.append("g");
  const said = element("p", { class: "map-said", "aria-live": "polite" });
  let view = null;
  let points = [];
  let scale = 1;

  const legend = element("p", { class: "legend map-legend" });
  const note = element("p", { class: "note" });
  const keys = element("p", { class: "note keys", id: "map-keys" },
    "Wheel or pinch to zoom, drag to move; or with the keyboard, once the map has the focus: + and \u2212 zoom, arrows move, 0 shows the whole world, "
    + "N and P go to the next and the previous place, Enter chooses its country.");
  section.append(legend, note, keys, said);
  const table = tableBehind(section, "requests by place", () => ({
    head: ["Place (middle of a map tile)", "Countries", "Requests", "Share (%)"],
    rows: [
      ...points.map((one) => [degrees(one.at[1], one.at[0]), one.countries.map(country).join(", "), numberCell(one.requests),
        shareCell(one.requests, view.sums.all.requests[0])]),
      ...(view.sums.tiles.nowhere > 0 ? [["no place on the map", "", numberCell(view.sums.tiles.nowhere),
        shareCell(view.sums.tiles.nowhere, view.sums.all.requests[0])]] : []),
    ],
  }));

  function pointText(one) {
    return `About ${degrees(one.at[1], one.at[0])}\n${requests(one.requests)}, ${percent(one.requests, view.sums.all.requests[0])}\n`
      + listed(one.countries.map(country), 3);
  }

  function shapeText(shape) {
    const index = view.data.countries.indexOf(shape.id);
    return `${country(shape.id)}\n${requests(index < 0 ? 0 : view.sums.byCountry.requests[index])}`;
  }

  const choose = (code) => {
    // a shape without requests would leave nothing to see
    if (view.data.countries.includes(code)) filters.toggle("countries", code);
  };
  const pointed = (nodes, textOf, codeOf) => nodes
    .on("pointermove", (event, one) => showTooltip(textOf(one), event.clientX, event.clientY))
    .on("pointerleave", hideTooltip)
    .on("click", (event, one) => choose(codeOf(one)));
  pointed(shapes.filter((shape) => shape.id !== ""), shapeText, (shape) => shape.id);

  // Points keep their size on the screen while the map grows, and grow a little themselves where the frame is small.
  function sizePoints() {
    const most = points.length > 0 ? points[0].requests : 1;
    const pixels = width / Math.max(frame.clientWidth, 1);
    const largest = largestPoint * Math.max(0.4, Math.min(1, frame.clientWidth / 900)) * pixels * Math.pow(scale, 0.25) / scale;
    const smallest = 1.6 * pixels / scale;
    pointLayer.selectAll("circle").attr("r", (one) => Math.max(smallest, largest * Math.sqrt(one.requests / most)).toFixed(3));
  }

  const controls = mapControls(svg, frame, {
    width,
    height,
    moved: (transform) => {
      world.attr("transform", transform);
      if (transform.k !== scale) {
        scale = transform.k;
        sizePoints();
      }
      hideTooltip();
    },
    places: () => points.map((one) => ({ ...one, xy: projection(one.at) })),
    show: (one, x, y) => {
      pointLayer.selectAll("circle").classed("current", (other) => one !== null && other.tile === one.tile);
      if (one === null) return hideTooltip();
      showTooltip(pointText(one), x, y);
      setText(said, pointText(one).replaceAll("\n", ", "));
    },
    choose: (one) => choose(one.countries[0]),
  });
  if (typeof ResizeObserver === "function") new ResizeObserver(sizePoints).observe(frame);

  return (given) => {
    view = given;
    const { data, sums } = view;
    const counts = new Map(data.countries.map((code, index) => [code, sums.byCountry.requests[index]]));
    const most = Math.max(1, ...[...counts].filter(([code]) => code !== "").map(([, count]) => count));
    shapes.attr("data-shade", (shape) => shade(counts.get(shape.id), most)).classed("chosen", (shape) => filters.countries.has(shape.id));
    shapes.filter((shape) => filters.countries.has(shape.id)).raise();
    points = sums.tiles.points.map((one) => ({ ...one, at: tileCentre(one.tile) }));
    pointed(pointLayer.selectAll("circle").data(points, (one) => one.tile).join("circle"), pointText, (one) => one.countries[0])
      .attr("class", "point").attr("cx", (one) => projection(one.at)[0].toFixed(2)).attr("cy", (one) => projection(one.at)[1].toFixed(2)).order();
    sizePoints();
    controls.refresh();
    const whole = sums.all.requests[0];
    const { nowhere } = sums.tiles;
    setText(about, points.length === 0 ? "No request that is shown has a place on the map."
      : `${number(points.length)} ${points.length === 1 ? "place" : "places"}; the largest has ${requests(points[0].requests)}. `
        + `${requests(nowhere)} (${percent(nowhere, whole)}) ${nowhere === 1 ? "has" : "have"} no place on the map.`);
    drawLegend(most);
    setText(note, "A place is a square of the map, at most 313\u00a0km wide; its circle stands in the middle. "
      + "Shades of countries leave the choice of countries out, so that others can be added to it."
      + (data.approximate ? " Memory was short: some requests of points are counted without a place." : ""));
    table();
  };

  function drawLegend(most) {
    const swatches = [];
    for (let step = 1; step <= steps; step++) {
      const mark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      mark.setAttribute("class", "swatch");
      mark.setAttribute("viewBox", "0 0 10 10");
      mark.setAttribute("aria-hidden", "true");
      const square = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      square.setAttribute("width", "10");
      square.setAttribute("height", "10");
      square.setAttribute("class", "country");
      square.setAttribute("data-shade", String(step));
      mark.append(square);
      const least = number(leastOf(step, most));
      swatches.push(element("span", { class: "swatch-pair" }, mark, step === steps ? `${least} to ${number(most)}` : `${least} and more`));
    }
    legend.replaceChildren("Requests of a country: ", ...swatches, element("span", { class: "swatch-pair" },
      element("span", { class: "swatch-point", "aria-hidden": "true" }), "a place: the area of the circle is its requests"));
  }
}
