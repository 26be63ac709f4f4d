// A step of `npm run build`: tsc leaves templates and shell text where they are, and the built package needs them beside the code that names them.
import { cpSync, existsSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = (path) => /\.(njk|sh|awk|html|css|mjs)$/.test(path) || statSync(path).isDirectory();
for (const folder of ["boot", "install", "page", "resources"]) cpSync(join(here, folder), join(here, "dist", folder), { recursive: true, filter: wanted });
// The imaging system's build and what runs in it are shell text and lists, to the last file.
for (const folder of ["recipe", "client"]) {
    const [from, to] = [join(here, "imaging", folder), join(here, "dist", "imaging", folder)];
    rmSync(to, { recursive: true, force: true });
    if (existsSync(from)) cpSync(from, to, { recursive: true });
}
