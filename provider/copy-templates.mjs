// A step of `npm run build`: tsc leaves templates where they are, and the built package needs them beside the code that names them.
import { cpSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = (path) => path.endsWith(".njk") || statSync(path).isDirectory();
for (const folder of ["boot", "resources"]) cpSync(join(here, folder), join(here, "dist", folder), { recursive: true, filter: wanted });
