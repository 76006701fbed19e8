// The table behind a picture: all rows, made when it is opened, and copied as CSV.
import { element, setText } from "./dom.js";

/** A cell is a text, or {shown, copied}: what a reader sees, and the bare value for a spreadsheet. */
function cellText(cell, which) {
  return String(typeof cell === "object" ? cell[which] : cell);
}

/** Spreadsheets take a cell that begins so for a formula. */
function harmless(text) {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** RFC 4180. */
export function csvOf(head, rows) {
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const line = (cells) => cells.map((cell) => quoted(harmless(cellText(cell, "copied")))).join(",");
  return `${[head, ...rows].map(line).join("\r\n")}\r\n`;
}

/** A page that was opened from disk may have no clipboard of its own: then a selection is copied, and the text put in its place. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1" });
    const focused = document.activeElement;
    area.value = "table";
    document.body.append(area);
    area.select();
    let copied = false;
    // a text area would change line ends
    area.addEventListener("copy", (event) => {
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
    });
    try {
      copied = document.execCommand("copy");
    } finally {
      area.remove();
      focused?.focus({ preventScroll: true });
    }
    return copied;
  }
}

function built(caption, head, rows) {
  const line = (cells) => {
    return element("tr", {}, ...cells.map((cell, column) => {
      const text = cellText(cell, "shown");
      const numeric = typeof cell === "object" && typeof cell.copied === "number";
      return column === 0 ? element("th", { scope: "row" }, text) : element("td", { class: numeric ? "numeric" : false }, text);
    }));
  };
  const first = rows[0] ?? [];
  const titles = head.map((title, column) => {
    const numeric = column > 0 && typeof first[column] === "object" && typeof first[column].copied === "number";
    return element("th", { scope: "col", class: numeric ? "numeric" : false }, title);
  });
  return element("table", {}, element("caption", { class: "unseen" }, caption), element("thead", {}, element("tr", {}, ...titles)),
    element("tbody", {}, ...rows.map(line)));
}

/**
 * A closed table at the end of `section`. `content` gives {head, rows} of the moment; returns what is to be called when the data has changed.
 */
export function tableBehind(section, title, content) {
  const box = element("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": title });
  const said = element("span", { class: "said", role: "status" });
  const button = element("button", {
    type: "button",
    class: "quiet",
    click: async () => {
      const { head, rows } = content();
      const good = await copy(csvOf(head, rows));
      setText(said, good ? `Copied ${rows.length === 1 ? "1 row" : `${rows.length.toLocaleString("en")} rows`}.` : "The browser did not allow to copy.");
    },
  }, "Copy as CSV");
  const details = element("details", { class: "behind" }, element("summary", {}, `Table: ${title}`),
    element("div", { class: "table-tools" }, button, said), box);
  const refresh = () => {
    if (!details.open) return box.replaceChildren();
    const { head, rows } = content();
    const left = box.scrollLeft;
    const top = box.scrollTop;
    box.replaceChildren(built(title, head, rows));
    box.scrollTo(left, top);
  };
  details.addEventListener("toggle", refresh);
  section.append(details);
  return refresh;
}
