// What is chosen: sets of countries, verdicts and status classes, and one range of time. All is kept by name and moment, not by index, so that
// it means the same when new data comes in.
import { endOf, statusCount } from "./data.js";

export class Filters {
  constructor() {
    this.countries = new Set();
    this.verdicts = new Set();
    this.statuses = new Set();
    this.from = null; // seconds; null: from the beginning
    this.to = null;
    this.changed = () => {};
  }

  toggle(dimension, value) {
    const chosen = this[dimension];
    if (!chosen.delete(value)) chosen.add(value);
    this.changed();
  }

  setTime(from, to) {
    this.from = from;
    this.to = to;
    this.changed();
  }

  clear() {
    this.countries.clear();
    this.verdicts.clear();
    this.statuses.clear();
    this.from = this.to = null;
    this.changed();
  }

  get any() {
    return this.countries.size + this.verdicts.size + this.statuses.size > 0 || this.hasTime;
  }

  get hasTime() {
    return this.from !== null || this.to !== null;
  }

  /** The buckets that are chosen, [first, last). */
  buckets(time) {
    const first = this.from === null ? 0 : Math.floor((this.from - time.start) / time.step);
    const last = this.to === null ? time.count : Math.ceil((this.to - time.start) / time.step);
    return [Math.min(Math.max(first, 0), time.count), Math.min(Math.max(last, 0), time.count)];
  }

  /** The same as moments, ends that are open filled in. */
  moments(time) {
    return [this.from ?? time.start, this.to ?? endOf(time)];
  }

  /** For each group and each position whether it is chosen. */
  masks(data) {
    const chosen = (set, names) => Uint8Array.from(names, (name) => set.size === 0 || set.has(name));
    const [first, last] = this.buckets(data.time);
    const statuses = this.statuses;
    const status = Uint8Array.from({ length: statusCount }, (_, index) => statuses.size === 0 || statuses.has(index));
    const time = new Uint8Array(data.time.count).fill(1, first, last);
    const country = chosen(this.countries, data.countries);
    const verdict = chosen(this.verdicts, data.verdicts.map((one) => one.name));
    const position = new Uint8Array(data.time.count * statusCount);
    for (let i = 0; i < position.length; i++) position[i] = time[Math.floor(i / statusCount)] & status[i % statusCount];
    const group = data.groupCountry.map((index, i) => country[index] & verdict[data.groupVerdict[i]]);
    return { country, verdict, status, time, position, group };
  }
}
