// Makes report.html, the page that `wherefrom` fills with the data of a report: libraries, shapes of countries, style and script in one file.
//
//     node build.mjs            writes report.html beside this file
//     node build.mjs --check    exit status 1 when report.html is not what would be written
//
// The same bytes come out on every machine: versions are pinned by package-lock.json, and nothing here computes with functions
// (sines and the like) whose last bit differs between versions of node.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { licencesOf, packagesOf } from "./licences.mjs";
import { worldModule } from "./world.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const output = path.join(here, "report.html");
const dataLine = '<script type="application/json" id="data">null</script>';
const bytesMax = 2_000_000;

const worldPlugin = {
  name: "world",
  setup(bundler) {
    bundler.onResolve({ filter: /^world$/ }, () => ({ path: "world", namespace: "world" }));
    bundler.onLoad({ filter: /.*/, namespace: "world" }, async () => ({ contents: await worldModule(here), loader: "js" }));
  },
};

async function bundled(entry, plugins = []) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: ["es2020", "chrome100", "firefox100", "safari15"],
    legalComments: "none", // they stand together in a comment of the page
    charset: "ascii",
    metafile: true,
    plugins,
    logLevel: "warning",
  });
  return { text: result.outputFiles[0].text.trim(), packages: packagesOf(result.metafile) };
}

function hashOf(text) {
  return `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;
}

// Nothing but the script and the style that are built in can run or load, whatever the data says.
function policy(script, style) {
  return [
    "default-src 'none'", `script-src ${hashOf(script)}`, `style-src ${hashOf(style)}`, "connect-src 'self'", "img-src data:",
    "base-uri 'none'", "form-action 'none'",
  ].join("; ");
}

async function page() {
  const skeleton = await readFile(path.join(here, "page.html"), "utf8");
  const { text: script, packages } = await bundled("src/main.js", [worldPlugin]);
  const { text: style } = await bundled("style.css");
  if (/<\/script|<!--|<script/i.test(script) || /<\//.test(style)) throw new Error("the script or the style would end its own element");
  const parts = { POLICY: policy(script, style), STYLE: style, SCRIPT: script, LICENCES: await licencesOf(here, [...packages, "world-atlas"]) };
  const text = skeleton.replace(/@(POLICY|STYLE|SCRIPT|LICENCES)@/g, (_, name) => parts[name]);
  if (text.split("\n").filter((line) => line === dataLine).length !== 1 || text.split(dataLine).length !== 2) {
    throw new Error("the line for the data must be there once");
  }
  if (Buffer.byteLength(text) > bytesMax) throw new Error(`${Buffer.byteLength(text)} bytes, at most ${bytesMax}`);
  return text;
}

const text = await page();
if (process.argv.includes("--check")) {
  const found = await readFile(output, "utf8").catch(() => "");
  if (found !== text) {
    console.error("page/report.html is not what page/build.mjs makes: run `npm ci && node build.mjs` in page/");
    process.exit(1);
  }
  console.log(`report.html is what build.mjs makes (${Buffer.byteLength(text)} bytes)`);
} else {
  await writeFile(output, text);
  console.log(`report.html: ${Buffer.byteLength(text)} bytes`);
}
