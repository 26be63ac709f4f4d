// `npm run bench`: one table, in one run, of ratios. `-- scale`, or the name of another part, runs that alone, `-- scale 1,100` with these sizes and `-- cloning 64` with a disk of so many MiB for a quick look.
import { openLab } from "../lab/lab.ts";
import { boots } from "./boots.ts";
import { cloning } from "./cloning.ts";
import { diskless } from "./diskless.ts";
import { imaging } from "./imaging.ts";
import { io, lvm } from "./lvm.ts";
import { page } from "./page.ts";
import { power } from "./power.ts";
import { scale } from "./scale.ts";
import { scripts } from "./scripts.ts";
import { type Row, table } from "./table.ts";

const [part, size] = process.argv.slice(2);
const rows: Row[] = [];
const add = (row: Row) => {
    rows.push(row);
    console.log(`${row.what}: ${row.seconds.toFixed(1)} s against ${row.base.toFixed(1)} s (${row.against})`);
};

await using lab = await openLab();
const parts: Record<string, () => Promise<void>> = {
    scale: () => scale(lab, (size ?? "1,100,1000").split(",").map(Number), add), cloning: () => cloning(lab, Number(size ?? 512), add), imaging: () => imaging(Number(size ?? 1024), add), diskless: () => diskless(lab, add), boots: () => boots(lab, add), lvm: () => lvm(lab, add), io: () => io(lab, add),
    scripts: () => scripts(lab, add), power: () => power(lab, add), page: () => page(lab),
};
if (part !== undefined && !Object.hasOwn(parts, part)) throw new Error(`There is no part ${JSON.stringify(part)}, but ${Object.keys(parts).join(", ")}.`);
for (const [name, run] of Object.entries(parts)) if (part === undefined || part === name) await run();
if (rows.length) console.log(`\n${table(rows)}`);
