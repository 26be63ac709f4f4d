import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE } from "../../boot/page";
import { SITE } from "../../boot/script";
import { LIVE } from "../../engine/state";
import { templates } from "../../render";
import type { MasterServer } from "./types";

const template = templates(__dirname);
const FILES = ["index.html", "page.css", "page.mjs", "rows.mjs", "source.mjs"];
const sources = join(__dirname, "../../page");

/** Read once, as templates are. */
let texts: Record<string, string> | undefined;
const page = () => (texts ??= read());

/** By the digest in its first file, a page that is open learns that there is another one. */
function read(): Record<string, string> {
  const all = FILES.map((name): [string, string] => [name, readFileSync(join(sources, name), "utf8")]);
  const version = createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
  return Object.fromEntries(all.map(([name, text]) => [`${PAGE}/${name}`, text.replace('name="version" content=""', `name="version" content="${version}"`)]));
}

/** The page that shows every machine: files, and what the web server says of them. */
export function pageState({ page: wanted }: MasterServer): { files: Record<string, string>; directories: Record<string, string> } {
  if (!wanted) return { files: {}, directories: {} };
  return {
    files: { ...page(), [`${LIVE}/nginx.d/page.conf`]: template("page.conf.njk", { allow: wanted.allow, site: SITE }) },
    directories: { [PAGE]: "0755", [`${PAGE}/assigned`]: "0755" },
  };
}
