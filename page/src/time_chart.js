// Requests by status class and bytes over time, one above the other, with one brush over both that chooses a range of time.
import { axisBottom, axisLeft } from "d3-axis";
import { brushX } from "d3-brush";
import { scaleLinear, scaleUtc } from "d3-scale";
import { pointer, select } from "d3-selection";
import { endOf, statusCount } from "./data.js";
import { element, setText } from "./dom.js";
import { statusLegend, statusPatterns } from "./status_legend.js";
import { tableBehind } from "./table.js";
import { hideTooltip, showTooltip } from "./tooltip.js";
import { bytes, clock, day, duration, number, numberCell, requests, span, statusNames } from "./words.js";

const margin = { top: 22, right: 28, bottom: 26, left: 62 };
const requestsHeight = 170;
const bytesTop = margin.top + requestsHeight + 40;
const bytesHeight = 80;
const height = bytesTop + bytesHeight + margin.bottom;

function compact(value) {
  return value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 1 });
}

function tick(date) {
  const seconds = date.getTime() / 1000;
  return seconds % 86400 === 0 ? day(seconds).replace(/ \d+$/, "") : clock(seconds);
}

/** One path for all bars of a class: a thousand bars are no more elements than one. */
function bars(count, x, top, bottom, gap) {
  const parts = [];
  for (let i = 0; i < count; i++) {
    const high = top(i);
    const low = bottom(i);
    if (low - high <= 0) continue;
    const left = x(i) + gap / 2;
    parts.push(`M${left.toFixed(2)},${low.toFixed(2)}V${high.toFixed(2)}H${(x(i + 1) - gap / 2).toFixed(2)}V${low.toFixed(2)}Z`);
  }
  return parts.join("");
}

export function createTimeChart(section, filters) {
  const about = element("p", { class: "about" });
  const legend = element("div", { class: "legend", role: "group", "aria-label": "status classes" });
  const frame = element("div", { class: "chart-frame" });
  section.append(about, legend, frame);
  const drawLegend = statusLegend(legend, filters);
  const svg = select(frame).append("svg").attr("class", "chart").attr("height", height).attr("role", "img");
  statusPatterns(svg);
  const layer = () => svg.append("g");
  const layers = { axes: layer(), bars: layer(), shade: layer(), titles: layer(), brush: layer().attr("class", "brush") };
  let view = null;
  let x = null;

  const table = tableBehind(section, "requests and bytes over time", () => ({
    head: ["From (UTC)", "To (UTC)", ...statusNames.map((one) => (one.name === "none" ? "No status" : one.name)), "Requests", "Bytes sent"],
    rows: Array.from({ length: view.data.time.count }, (_, bucket) => {
      const [from, to] = rangeOf(bucket);
      const { counts, whole, sent } = bucketSums(bucket);
      return [`${day(from)} ${clock(from)}`, `${day(to)} ${clock(to)}`, ...[...counts, whole].map(numberCell),
        { shown: bytes(sent), copied: sent }];
    }),
  }));

  function rangeOf(bucket) {
    const from = view.data.time.start + bucket * view.data.time.step;
    return [from, from + view.data.time.step];
  }

  function bucketSums(bucket) {
    const { requests: n, bytes: b } = view.sums.byPosition;
    const counts = Array.from(n.subarray(bucket * statusCount, (bucket + 1) * statusCount));
    const sent = b.subarray(bucket * statusCount, (bucket + 1) * statusCount).reduce((sum, one) => sum + one, 0);
    return { counts, whole: counts.reduce((sum, one) => sum + one, 0), sent };
  }

  function bucketAt(event) {
    const { time } = view.data;
    return Math.min(time.count - 1, Math.max(0, Math.floor((x.invert(pointer(event, svg.node())[0]) / 1000 - time.start) / time.step)));
  }

  const brush = brushX().touchable(false).on("start brush", hideTooltip).on("end", (event) => {
    if (!event.sourceEvent) return;
    if (!event.selection) return filters.setTime(null, null);
    const { time } = view.data;
    const [from, to] = event.selection.map((at) => (x.invert(at) / 1000 - time.start) / time.step);
    const first = Math.min(Math.floor(from + 0.1), time.count - 1);
    const last = Math.max(Math.ceil(to - 0.1), first + 1);
    filters.setTime(time.start + first * time.step, time.start + last * time.step);
  });

  function draw() {
    const { data, sums } = view;
    const { time } = data;
    const width = Math.max(280, frame.clientWidth);
    svg.attr("width", width).attr("viewBox", `0 0 ${width} ${height}`);
    x = scaleUtc([time.start * 1000, endOf(time) * 1000], [margin.left, width - margin.right]);
    const at = (bucket) => x((time.start + bucket * time.step) * 1000);
    const gap = (x.range()[1] - x.range()[0]) / time.count > 4 ? 1 : 0;
    const stack = Array.from({ length: time.count }, () => 0);
    const sent = Float64Array.from(stack, (_, bucket) => bucketSums(bucket).sent);
    const whole = stack.map((_, bucket) => bucketSums(bucket).whole);
    const y = scaleLinear([0, Math.max(1, ...whole)], [margin.top + requestsHeight, margin.top]).nice(4);
    const yBytes = scaleLinear([0, Math.max(1, ...sent)], [bytesTop + bytesHeight, bytesTop]).nice(2);

    const paths = statusNames.map((status, index) => {
      const below = stack.slice();
      for (let i = 0; i < stack.length; i++) stack[i] += sums.byPosition.requests[i * statusCount + index];
      return { name: status.name, d: bars(time.count, at, (i) => y(stack[i]), (i) => y(below[i]), gap) };
    });
    paths.push({ name: "bytes", d: bars(time.count, at, (i) => yBytes(sent[i]), () => yBytes(0), gap) });
    layers.bars.selectAll("path").data(paths).join("path").attr("class", (one) => `bar-${one.name}`).attr("d", (one) => one.d);
    drawAxes(width, y, yBytes);
    drawBrush(width, time);
    const most = requests(Math.max(0, ...whole));
    svg.attr("aria-label", `Bars of requests and bytes in steps of ${duration(time.step)}; at most ${most} in one. The table below has all numbers.`);
  }

  function drawAxes(width, y, yBytes) {
    const grid = (scale, ticks, format) => (axis) => axis.call(axisLeft(scale).ticks(ticks).tickFormat(format)
      .tickSize(-(width - margin.left - margin.right))).call((g) => g.select(".domain").remove());
    const axes = layers.axes.selectAll("g.axis").data([
      { x: margin.left, y: 0, make: grid(y, 4, compact) },
      { x: margin.left, y: 0, make: grid(yBytes, 2, (value) => bytes(value).replace(".0", "")) },
      { x: 0, y: bytesTop + bytesHeight, make: axisBottom(x).ticks(Math.max(2, Math.floor(width / 110))).tickFormat(tick).tickSizeOuter(0) },
    ]).join("g").attr("class", "axis").attr("transform", (one) => `translate(${one.x},${one.y})`);
    axes.each(function (one) {
      select(this).call(one.make);
    });
    layers.titles.selectAll("text").data([["Requests", margin.top - 9], ["Bytes sent to clients", bytesTop - 9]]).join("text")
      .attr("class", "axis-title").attr("x", margin.left).attr("y", (one) => one[1]).text((one) => one[0]);
  }

  function drawBrush(width, time) {
    const [from, to] = filters.moments(time).map((at) => Math.min(Math.max(at, time.start), endOf(time)));
    const [left, right] = [margin.left, width - margin.right];
    brush.extent([[left, margin.top], [right, bytesTop + bytesHeight]]);
    layers.brush.call(brush).call(brush.move, filters.hasTime ? [x(from * 1000), x(to * 1000)] : null);
    // what is not chosen is pale
    const pale = filters.hasTime ? [[left, x(from * 1000)], [x(to * 1000), right]] : [];
    layers.shade.selectAll("rect").data(pale).join("rect").attr("class", "pale").attr("x", (one) => one[0])
      .attr("width", (one) => Math.max(0, one[1] - one[0])).attr("y", margin.top).attr("height", bytesTop + bytesHeight - margin.top);
  }

  svg.on("pointermove", (event) => {
    if (event.buttons !== 0 || !view) return;
    const bucket = bucketAt(event);
    const { counts, whole, sent } = bucketSums(bucket);
    const lines = counts.map((n, index) => (n > 0 ? `${statusNames[index].name}: ${number(n)}` : "")).filter((line) => line !== "");
    showTooltip([`${span(...rangeOf(bucket))} UTC`, requests(whole), ...lines, bytes(sent)].join("\n"), event.clientX, event.clientY);
  }).on("pointerleave", hideTooltip);

  let widthDrawn = 0;
  const redraw = () => {
    if (!view || frame.clientWidth === widthDrawn) return;
    widthDrawn = frame.clientWidth;
    draw();
  };
  if (typeof ResizeObserver === "function") new ResizeObserver(redraw).observe(frame);

  return (given) => {
    view = given;
    setText(about, `Each bar is ${duration(view.data.time.step)}, in UTC. Drag over the bars to choose a range of time, `
      + "or choose it by \u201cFrom\u201d and \u201cto\u201d above.");
    drawLegend(view);
    widthDrawn = frame.clientWidth;
    draw();
    table();
  };
}
