// The licences of the libraries that the script holds, as they ask to be told in every copy: a report is one.
import { readFile } from "node:fs/promises";
import path from "node:path";

/** Names of the packages of npm that the files of a bundle are from. */
export function packagesOf(metafile) {
  const found = Object.keys(metafile.inputs).map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(found.filter((name) => name !== undefined))].sort();
}

/** A text with each licence once, below the packages that are under it. */
export async function licencesOf(here, packages) {
  const byTerms = new Map();
  for (const name of packages) {
    const folder = path.join(here, "node_modules", name);
    const { version } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const [copyright, ...terms] = (await readFile(path.join(folder, "LICENSE"), "utf8")).replaceAll("\r", "").trim().split("\n");
    if (!copyright.startsWith("Copyright")) throw new Error(`${name}: a licence that does not begin with a copyright`);
    const key = terms.join("\n").trim();
    byTerms.set(key, [...(byTerms.get(key) ?? []), `${name} ${version}: ${copyright}`]);
  }
  const text = [...byTerms].map(([terms, names]) => `${names.join("\n")}\n\n${terms}`).join("\n\n");
  if (/--|[<>]/.test(text)) throw new Error("a licence that cannot stand in a comment");
  return text;
}
