// Opens the page in Chromium, does to it what a person would, and says what is there then, as JSON on stdout. What must be there is for
// Python to say (run.py).
//
//     node browser.mjs PLAN.json      {"modules": folder with node_modules, "chromium": path, "steps": [{"do": name, ...}]}
//
// Threads: one browser, one page at a time.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import * as acts from "./browser_acts.mjs";

const plan = JSON.parse(await readFile(process.argv[2], "utf8"));
const require = createRequire(`${plan.modules}/package.json`);
const { chromium } = require("playwright-core");

/** A page with all that must not happen noted: requests, console, dialogs. */
async function opened(browser, step) {
  const context = await browser.newContext({
    viewport: { width: step.width ?? 1440, height: step.height ?? 900 },
    colorScheme: step.scheme ?? "light",
    bypassCSP: step.bypass === true, // axe brings scripts of its own
    reducedMotion: step.motion ? "no-preference" : "reduce",
    hasTouch: step.width < 500,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  const noted = { requests: [], console: [], dialogs: 0, popups: 0 };
  page.on("request", (request) => request.url().startsWith("data:") || noted.requests.push(request.url()));
  page.on("console", (message) => noted.console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noted.console.push(`error: ${error.stack ?? error}`));
  page.on("dialog", (dialog) => {
    noted.dialogs++;
    dialog.dismiss();
  });
  context.on("page", () => noted.popups++);
  await page.goto(step.url, { waitUntil: "load" });
  return { page, context, noted };
}

const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox"] });
const answers = [];
try {
  for (const step of plan.steps) {
    const { page, context, noted } = await opened(browser, step);
    const found = await acts[step.do](page, step, require);
    answers.push({ found, noted });
    await context.close();
  }
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify(answers));
