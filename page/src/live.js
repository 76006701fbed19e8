// A report of a run that goes on: asks for the data every two seconds. Only what says `live` itself ever asks for anything.
import { byId, setText } from "./dom.js";
import { clock } from "./words.js";

const everyMs = 2000;

export function watch(first, show) {
  const line = byId("live");
  line.hidden = false;
  let text = JSON.stringify(first);
  let answered = Date.now();

  const time = (ms) => clock(Math.floor(ms / 1000), true);
  const say = (data) => setText(line, data.ended === false ? `Live, updated ${time(answered)} UTC` : `The run has ended, ${time(answered)} UTC`);

  /** The data as text, or null when nobody answers. */
  async function answer() {
    try {
      const found = await fetch("data.json", { cache: "no-store" });
      return found.ok ? await found.text() : null;
    } catch {
      return null;
    }
  }

  async function ask() {
    const found = await answer();
    line.classList.toggle("lost", found === null);
    if (found === null) {
      setText(line, `No answer since ${time(answered)} UTC: what is shown may be out of date.`);
    } else {
      const data = JSON.parse(found);
      answered = Date.now();
      if (found !== text) show(data);
      text = found;
      say(data);
      if (data.ended !== false) return; // nothing new will come
    }
    setTimeout(ask, everyMs);
  }

  say(first);
  if (first.ended === false) setTimeout(ask, everyMs);
}
