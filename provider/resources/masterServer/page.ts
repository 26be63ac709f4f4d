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
const page = () => (texts ??= Object.fromEntries(FILES.map((name) => [`${PAGE}/${name}`, readFileSync(join(sources, name), "utf8")])));

/** The page that shows every machine: files, and what the web server says of them. */
export function pageState({ page: wanted }: MasterServer): { files: Record<string, string>; directories: Record<string, string> } {
  if (!wanted) return { files: {}, directories: {} };
  return {
    files: { ...page(), [`${LIVE}/nginx.d/page.conf`]: template("page.conf.njk", { allow: wanted.allow, site: SITE }) },
    directories: { [PAGE]: "0755", [`${PAGE}/assigned`]: "0755" },
  };
}
