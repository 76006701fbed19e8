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

  async function ask() {
    try {
      const answer = await fetch("data.json", { cache: "no-store" });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const found = await answer.text();
      const data = JSON.parse(found);
      answered = Date.now();
      line.classList.remove("lost");
      if (data !== null && found !== text) {
        text = found;
        show(data);
      }
      say(data ?? first);
      if (data !== null && data.ended !== false) return; // nothing new will come
    } catch {
      line.classList.add("lost");
      setText(line, `No answer since ${time(answered)} UTC: what is shown may be out of date.`);
    }
    setTimeout(ask, everyMs);
  }

  say(first);
  if (first.ended === false) setTimeout(ask, everyMs);
}
