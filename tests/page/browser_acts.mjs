// What browser.mjs can do to a page, each by its name in a plan; each returns what it found.
import { readFile } from "node:fs/promises";

/** Everything that the page shows, tables opened. */
export async function reading(page) {
  for (const more of await page.locator("button.more:visible").all()) {
    if ((await more.textContent()).startsWith("Show all")) await more.click();
  }
  await page.evaluate(() => document.querySelectorAll("details.behind").forEach((details) => { details.open = true; }));
  await page.waitForFunction(() => [...document.querySelectorAll("details.behind")].every((one) => one.closest("[hidden]") || one.querySelector("table")));
  return page.evaluate(() => {
    const text = (node) => node?.textContent ?? null;
    const all = (selector, of = document) => [...of.querySelectorAll(selector)].filter((node) => !node.closest("[hidden]"));
    const cells = (table) => all("tbody tr", table).map((row) => [...row.children].map(text));
    const bars = (id) => all(`#${id} .bar`).map((bar) => ({
      label: text(bar.querySelector(".bar-label")), value: text(bar.querySelector(".bar-value")), note: text(bar.querySelector(".bar-note")),
      pressed: bar.getAttribute("aria-pressed"), width: parseFloat(bar.querySelector(".bar-fill").style.width),
    }));
    const table = (id) => {
      const found = document.querySelector(`#${id} details.behind table`);
      return found && !found.closest("[hidden]") ? { head: all("thead th", found).map(text), rows: cells(found) } : null;
    };
    return {
      summary: text(document.querySelector("#summary")),
      empty: !document.querySelector("#empty").hidden,
      figures: all("#figures > div").map((one) => [...one.children].map(text)),
      chips: all(".chip-text").map(text),
      about: Object.fromEntries(all("section .about").map((one) => [one.closest("section").id, text(one)])),
      points: all("circle.point").map((one) => parseFloat(one.getAttribute("r"))),
      chosenShapes: all(".country.chosen").map((one) => one.getAttribute("data-country")),
      statuses: all(".status").map((one) => text(one)),
      pressedStatuses: all('.status[aria-pressed="true"]').map(text),
      bars: { countries: bars("countries"), networks: bars("networks"), verdicts: bars("verdicts") },
      chart: Object.fromEntries(all("svg.chart > g > path").map((one) => [one.getAttribute("class"), one.getAttribute("d")])),
      selection: document.querySelector(".brush .selection")?.getAttribute("width") ?? null,
      matrix: all(".residency-part").map((one) => text(one).replace(/^\S+ /, "")),
      talkers: cells(document.querySelector("table.talkers") ?? document.createElement("table")),
      tables: Object.fromEntries(["map", "time", "countries", "networks", "verdicts", "residency", "talkers"].map((id) => [id, table(id)])),
      facts: all("#facts li, #facts p").map(text),
      footer: text(document.querySelector("#footer")),
      live: document.querySelector("#live").hidden ? null : text(document.querySelector("#live")),
      elements: document.querySelectorAll("*").length,
      odd: document.querySelectorAll("img, iframe, object, embed, base, form, meta[http-equiv=refresh], body link, [onerror], [onload], [onclick]").length,
      scripts: document.scripts.length,
      hacked: window.hacked === undefined ? null : String(window.hacked),
      focus: document.activeElement?.id || document.activeElement?.className || document.activeElement?.localName,
    };
  });
}

const barOf = (page, id, label) => page.locator(`#${id} .bar`).filter({ has: page.locator(".bar-label, .bar-value", { hasText: label }) });

/** By its buttons and selects; those that are far down a list are shown first. */
async function choose(page, filter) {
  const more = page.locator("#countries button.more:visible");
  if (await more.count() > 0 && (await more.textContent()).startsWith("Show all")) await more.click();
  const exactly = (text) => new RegExp(`${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
  for (const name of filter.countries) await barOf(page, "countries", new RegExp(`^${name}$`)).click();
  for (const name of filter.verdicts) await barOf(page, "verdicts", exactly(` ${name}`)).click();
  for (const index of filter.statuses) await page.locator(".status").nth(index).click();
  if (filter.from !== null) await page.locator("#time-from").selectOption({ label: filter.from });
  if (filter.to !== null) await page.locator("#time-to").selectOption({ label: filter.to });
}

export async function read(page, { filters = [] }) {
  const found = [];
  for (const filter of filters) {
    await choose(page, filter);
    found.push(await reading(page));
    if (await page.locator("#clear:visible").count() > 0) await page.locator("#clear").click();
  }
  found.push(await reading(page));
  return found;
}

/** The map: zoomed by wheel, buttons and keys, moved, its places walked through, shapes and points chosen. */
export async function map(page, step) {
  const svg = page.locator("svg.map");
  const state = () => page.evaluate(() => ({
    zoom: parseFloat(document.querySelector("svg.map").dataset.zoom), transform: document.querySelector("svg.map > g").getAttribute("transform"),
    radius: parseFloat(document.querySelector("circle.point").getAttribute("r")), said: document.querySelector(".map-said").textContent,
    tooltip: document.querySelector("#tooltip").hidden ? null : document.querySelector("#tooltip").textContent,
    chips: [...document.querySelectorAll(".chip-text")].map((one) => one.textContent), scroll: window.scrollY,
  }));
  const found = { begin: await state() };
  await svg.scrollIntoViewIfNeeded();
  const box = await svg.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, -400);
  await page.waitForTimeout(100);
  found.wheel = await state();
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 120, box.y + box.height / 2 + 40, { steps: 4 });
  await page.mouse.up();
  found.drag = await state();
  await page.getByRole("button", { name: "Show the whole world" }).click();
  found.reset = await state();
  await page.getByRole("button", { name: "Zoom in" }).click();
  found.button = await state();
  await page.getByRole("button", { name: "Zoom out" }).click();
  found.buttonOut = await state();
  await svg.focus();
  for (const key of ["+", "+", "ArrowRight", "ArrowDown", "-", "0"]) {
    await page.keyboard.press(key);
    found[`key ${key}`] = await state();
  }
  found.places = [];
  for (let i = 0; i < step.places; i++) {
    await page.keyboard.press("n");
    found.places.push((await state()).tooltip);
  }
  await page.keyboard.press("p");
  found.back = (await state()).tooltip;
  await page.keyboard.press("Enter");
  found.enter = await state();
  await page.keyboard.press("Enter");
  found.enterAgain = await state();
  await page.locator(`path.country[data-country="${step.shape}"]`).first().dispatchEvent("click");
  found.shape = await state();
  await page.locator("circle.point").first().dispatchEvent("click");
  found.point = await state();
  return found;
}

/** The brush over the bars, and what is said about a bar that is pointed at. */
export async function time(page, step) {
  const overlay = page.locator(".brush .overlay");
  await overlay.scrollIntoViewIfNeeded();
  const box = await overlay.boundingBox();
  const at = (share) => box.x + box.width * share;
  const found = { tooltips: [] };
  for (const share of step.shares) {
    await page.mouse.move(at(share), box.y + 80);
    found.tooltips.push(await page.locator("#tooltip").textContent());
  }
  await page.mouse.move(at(step.drag[0]), box.y + 60);
  await page.mouse.down();
  await page.mouse.move(at(step.drag[1]), box.y + 60, { steps: 5 });
  await page.mouse.up();
  found.dragged = await reading(page);
  await overlay.scrollIntoViewIfNeeded();
  const now = await overlay.boundingBox();
  await page.mouse.click(now.x + now.width * 0.02, now.y + 60);
  found.clicked = (await reading(page)).chips;
  return found;
}

/** Tab goes to everything that can be worked, and shows where it is; then each kind is worked by keys alone. */
export async function keyboard(page, step) {
  await page.locator("details.behind > summary").first().click();
  await page.evaluate(() => document.activeElement.blur());
  const wanted = await page.evaluate(() => {
    const list = [...document.querySelectorAll("a[href], button, select, summary, svg[tabindex], .table-box")];
    const visible = list.filter((node) => node.checkVisibility());
    visible.forEach((node, index) => { node.testNumber = index; });
    return visible.length;
  });
  const reached = new Set();
  const faint = [];
  for (let i = 0; i < wanted + 20; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const node = document.activeElement;
      const style = getComputedStyle(node);
      const outline = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
      return { number: node.testNumber ?? null, name: node.outerHTML.slice(0, 80), outline };
    });
    if (at.number === null) continue;
    reached.add(at.number);
    if (at.outline < 2) faint.push(at.name);
  }
  const missed = await page.evaluate((numbers) => [...document.querySelectorAll("*")].filter((node) => node.testNumber !== undefined
    && !numbers.includes(node.testNumber)).map((node) => node.outerHTML.slice(0, 100)), [...reached]);
  const chips = () => page.locator(".chip-text").allTextContents();
  const found = { wanted, missed, faint };
  const work = async (name, locator, key) => {
    await locator.focus();
    await page.keyboard.press(key);
    await page.waitForTimeout(30);
    found[name] = { chips: await chips(), focus: await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200)) };
  };
  await work("country", barOf(page, "countries", new RegExp(`^${step.country}$`)), "Enter");
  await work("verdict", barOf(page, "verdicts", / spoofed-leftmost$/), "Space");
  await work("status", page.locator(".status").nth(4), "Space");
  await work("from", page.locator("#time-from"), "ArrowDown");
  await work("to", page.locator("#time-to"), "ArrowDown");
  await work("chip", page.locator(".chip").first(), "Enter");
  await work("clear", page.locator("#clear"), "Enter");
  await work("more", page.locator("#networks button.more"), "Enter");
  found.networks = await page.locator("#networks .bar").count();
  await work("summary", page.locator("#time details > summary"), "Enter");
  found.tableRows = await page.locator("#time details table tbody tr").count();
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  found.skip = await page.evaluate(() => document.activeElement.id);
  return found;
}

export async function axe(page, _, require) {
  await page.evaluate(await readFile(require.resolve("axe-core/axe.min.js"), "utf8"));
  for (const summary of await page.locator("details.behind > summary:visible").all()) await summary.click();
  for (const first of await page.locator('.bars .bar[aria-pressed], .status:visible').all()) {
    if (await first.isVisible()) {
      await first.click();
      break;
    }
  }
  await page.waitForTimeout(50);
  return page.evaluate(async () => {
    const { violations, passes } = await window.axe.run(document);
    return { passes: passes.length, sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      violations: violations.map((one) => ({ id: one.id, impact: one.impact, nodes: one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} `
        + node.failureSummary) })) };
  });
}

export async function picture(page, { to, clip, full }) {
  await page.waitForTimeout(150);
  await page.screenshot({ path: to, fullPage: full === true, clip });
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** What "Copy as CSV" gives, by the clipboard and, where there is none, by the selection. */
export async function csv(page, { section }) {
  await page.evaluate(() => {
    window.copied = [];
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: async (text) => { window.copied.push(text); } } });
  });
  await page.locator(`#${section} details.behind > summary`).click();
  const button = page.locator(`#${section} .table-tools button`);
  await button.click();
  const said = await page.locator(`#${section} .said`).textContent();
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
    document.addEventListener("copy", (event) => window.copied.push(event.clipboardData.getData("text/plain")));
  });
  await button.click();
  await page.waitForTimeout(50);
  return { copied: await page.evaluate(() => window.copied), said };
}

/** How long it took until the page stood there, and how long a filter takes. */
export async function opening(page) {
  const open = await page.evaluate(async () => {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const [navigation] = performance.getEntriesByType("navigation");
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null;
    return { loaded: navigation.loadEventEnd, painted, now: performance.now() };
  });
  const filtered = await page.evaluate(async () => {
    const begin = performance.now();
    document.querySelector("#countries button.bar").click();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - begin;
  });
  return { ...open, filtered, chips: await page.locator(".chip-text").count() };
}

/** A report that is served while a run goes on: what it shows at the start, after new data, without an answer, and at the end. */
export async function live(page, { country }) {
  const status = page.locator("#live");
  await barOf(page, "countries", new RegExp(`^${country}$`)).click();
  await page.locator("#time details > summary").click();
  await page.locator("svg.map").focus();
  await page.keyboard.press("+");
  await barOf(page, "countries", new RegExp(`^${country}$`)).focus();
  const before = await page.locator("#figures .value").first().textContent();
  const state = async () => ({
    status: await status.textContent(), figures: await page.locator("#figures > div").first().allTextContents(),
    chips: await page.locator(".chip-text").allTextContents(),
    zoom: await page.locator("svg.map").getAttribute("data-zoom"), rows: await page.locator("#time details table tbody tr").count(),
    focus: await page.evaluate(() => document.activeElement.textContent),
  });
  const found = { begin: await state() };
  await page.waitForFunction((text) => document.querySelector("#figures .value").textContent !== text, before, { timeout: 20000 });
  found.changed = await state();
  await page.waitForFunction(() => document.querySelector("#live").textContent.startsWith("No answer"), null, { timeout: 20000 });
  found.lost = await state();
  await page.waitForFunction(() => document.querySelector("#live").textContent.startsWith("The run has ended"), null, { timeout: 20000 });
  found.ended = await state();
  await page.waitForTimeout(2500);
  return found;
}
