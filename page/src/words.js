// Numbers, times and names as they are shown.

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
const gap = "\u00a0"; // between a number and its unit no line ends
const shownMax = 300;
const regions = typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames(["en"], { type: "region", fallback: "none" }) : null;
const countryNames = new Map([["", "Country not known"], ["XK", "Kosovo"]]);

export function number(value) {
  return value.toLocaleString("en");
}

function decimal(value) {
  return value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

export function requests(count) {
  return `${number(count)}${gap}${count === 1 ? "request" : "requests"}`;
}

export function bytes(count) {
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit + 1 < units.length) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${number(count)}${gap}${count === 1 ? "byte" : "bytes"}` : `${decimal(value)}${gap}${units[unit]}`;
}

/** A share in per cent. What is more than nothing never looks like nothing, nor what is less than all like all. */
export function percent(part, whole) {
  if (!(whole > 0)) return `0.0${gap}%`;
  const share = (100 * part) / whole;
  if (part > 0 && share < 0.05) return `under 0.1${gap}%`;
  if (part < whole && share >= 99.95) return `over 99.9${gap}%`;
  return `${decimal(share)}${gap}%`;
}

/** The same as a cell of a table: copied as a number. */
export function shareCell(part, whole) {
  return { shown: percent(part, whole), copied: whole > 0 ? Math.round((1000 * part) / whole) / 10 : 0 };
}

export function numberCell(value) {
  return { shown: number(value), copied: value };
}

/** What is certain, and how many it may be at most. */
export function bounds(certain, error) {
  return error > 0 ? `${number(certain)} to ${number(certain + error)}` : number(certain);
}

function padded(value) {
  return String(value).padStart(2, "0");
}

export function day(seconds) {
  const date = new Date(seconds * 1000);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

export function clock(seconds, withSeconds = seconds % 60 !== 0) {
  const date = new Date(seconds * 1000);
  const minutes = `${padded(date.getUTCHours())}:${padded(date.getUTCMinutes())}`;
  return withSeconds ? `${minutes}:${padded(date.getUTCSeconds())}` : minutes;
}

/** A moment, in UTC. */
export function moment(seconds) {
  return `${day(seconds)}, ${clock(seconds)}`;
}

/** From one moment to another; the day is said once where it is the same. */
export function span(from, to) {
  return day(from) === day(to) ? `${moment(from)} to ${clock(to)}` : `${moment(from)} to ${moment(to)}`;
}

export function duration(seconds) {
  for (const [length, name] of [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]]) {
    if (seconds >= length && seconds % length === 0) return `${number(seconds / length)}${gap}${name}${seconds === length ? "" : "s"}`;
  }
  return `${number(seconds)}${gap}seconds`;
}

/** Characters that nobody sees, or that turn the direction of those around them, stand as their numbers. */
function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Text of the data as it is shown: what is very long is cut, and says so. */
export function shown(text) {
  const whole = String(text);
  if (whole.length <= shownMax) return visible(whole);
  return `${visible(whole.slice(0, shownMax))}\u2026 (${number(whole.length)} characters)`;
}

export function country(code) {
  let name = countryNames.get(code);
  if (name === undefined) {
    try {
      name = /^[A-Z]{2}$/.test(code) ? regions?.of(code) : undefined;
    } catch {
      name = undefined; // no code of a region
    }
    name = name ?? shown(code);
    countryNames.set(code, name);
  }
  return name;
}

export const statusNames = [
  { name: "none", says: "no status" },
  { name: "1xx", says: "in progress" },
  { name: "2xx", says: "success" },
  { name: "3xx", says: "redirect" },
  { name: "4xx", says: "client error" },
  { name: "5xx", says: "server error" },
];

export function degrees(latitude, longitude) {
  const part = (value, positive, negative) => `${Math.abs(value).toFixed(1)}\u00b0${gap}${value < 0 ? negative : positive}`;
  return `${part(latitude, "N", "S")}, ${part(longitude, "E", "W")}`;
}

export function listed(names, most) {
  const first = names.slice(0, most).join(", ");
  return names.length > most ? `${first} and ${names.length - most} more` : first;
}
