// How the map is moved: wheel, drag, buttons and keys.
import { zoom, zoomIdentity } from "d3-zoom";
import "./transitions.js";
import { element } from "./dom.js";

const scaleMax = 32;
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Where a finger drags, the page scrolls; two fingers, or one once the map is enlarged, move the map. */
function admitted(event) {
  const scale = event.currentTarget?.__zoom?.k ?? 1;
  if (event.type === "wheel") return !(event.deltaY > 0 && scale <= 1); // the whole world is shown: let the page scroll on
  if (event.type.startsWith("touch")) return event.touches.length > 1 || scale > 1;
  return !event.button;
}

export function mapControls(svg, frame, { width, height, moved, places, show, choose }) {
  let current = null; // the place that was gone to by key
  const behaviour = zoom().scaleExtent([1, scaleMax]).translateExtent([[0, 0], [width, height]]).extent([[0, 0], [width, height]])
    .filter(admitted).on("start", (event) => {
      if (event.sourceEvent) target = null;
    }).on("zoom", (event) => {
      moved(event.transform);
      svg.attr("data-zoom", event.transform.k.toFixed(3));
      svg.style("touch-action", event.transform.k > 1 ? "none" : "pan-y");
    });
  svg.call(behaviour).on("dblclick.zoom", null).style("touch-action", "pan-y").attr("data-zoom", "1.000");

  let target = null; // where a movement that is under way will end: the next one goes on from there

  function go(transform) {
    const extent = [[0, 0], [width, height]];
    target = behaviour.constrain()(transform, extent, behaviour.translateExtent());
    if (calm.matches) return arrive();
    svg.transition().duration(200).call(behaviour.transform, target).on("end", () => { target = null; });
  }

  function arrive() {
    svg.interrupt();
    if (target !== null) svg.call(behaviour.transform, target);
    target = null;
  }

  /** About the middle of the map. */
  function zoomBy(factor) {
    const from = target ?? svg.node().__zoom;
    const scale = Math.min(scaleMax, Math.max(1, from.k * factor));
    const [x, y] = from.invert([width / 2, height / 2]);
    go(zoomIdentity.translate(width / 2 - x * scale, height / 2 - y * scale).scale(scale));
  }

  const reset = () => go(zoomIdentity);
  const moveBy = (x, y) => {
    const from = target ?? svg.node().__zoom;
    go(from.translate((x * width) / 8 / from.k, (y * height) / 8 / from.k));
  };

  function step(by) {
    const list = places();
    if (list.length === 0) return;
    const at = current === null ? -1 : list.findIndex((one) => one.tile === current.tile);
    const next = at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length;
    current = list[next];
    arrive();
    const { k, x, y } = svg.node().__zoom;
    const [left, top] = [current.xy[0] * k + x, current.xy[1] * k + y];
    if (left < 20 || left > width - 20 || top < 20 || top > height - 20) svg.call(behaviour.translateTo, ...current.xy);
    present();
  }

  function present() {
    if (current === null) return show(null);
    const { k, x, y } = svg.node().__zoom;
    const box = svg.node().getBoundingClientRect();
    const ratio = box.width / width;
    show(current, box.left + (current.xy[0] * k + x) * ratio, box.top + (current.xy[1] * k + y) * ratio);
  }

  const keys = new Map(Object.entries({
    "+": () => zoomBy(1.6), "=": () => zoomBy(1.6), "-": () => zoomBy(1 / 1.6), 0: reset,
    ArrowLeft: () => moveBy(1, 0), ArrowRight: () => moveBy(-1, 0), ArrowUp: () => moveBy(0, 1), ArrowDown: () => moveBy(0, -1),
    n: () => step(1), p: () => step(-1), Enter: () => current && choose(current),
  }));
  svg.on("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!act) return;
    event.preventDefault();
    act();
  }).on("blur", () => {
    current = null;
    show(null);
  });

  const button = (text, label, click) => element("button", { type: "button", class: "map-button", "aria-label": label, title: label, click }, text);
  frame.append(element("div", { class: "map-buttons", role: "group", "aria-label": "zoom of the map" },
    button("+", "Zoom in", () => zoomBy(1.6)), button("\u2212", "Zoom out", () => zoomBy(1 / 1.6)), button("\u21ba", "Show the whole world", reset)));

  return {
    /** After new data: the place that was gone to is marked again, if it is still there. */
    refresh() {
      if (current === null) return;
      current = places().find((one) => one.tile === current.tile) ?? null;
      present();
    },
  };
}
