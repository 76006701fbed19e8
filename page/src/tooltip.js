// One small text beside what is pointed at, for all pictures.
import { byId, setText } from "./dom.js";

/** Shows `text` near a point of the window; lines are parted by line feeds. */
export function showTooltip(text, x, y) {
  const box = byId("tooltip");
  setText(box, text);
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(x + 14, document.documentElement.clientWidth - width - 8));
  const top = y + 18 + height > window.innerHeight ? y - height - 12 : y + 18;
  box.style.left = `${left}px`;
  box.style.top = `${Math.max(8, top)}px`;
}

export function hideTooltip() {
  byId("tooltip").hidden = true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTooltip();
});
document.addEventListener("scroll", hideTooltip, { passive: true });
