// `npm run bench`: one table, in one run, of ratios. `-- scale`, `-- cloning` or `-- diskless` runs a part of it, `-- scale 1,100` with these sizes and `-- cloning 64` with a disk of so many MiB for a quick look.
import { openLab } from "../lab/lab.ts";
import { cloning } from "./cloning.ts";
import { diskless } from "./diskless.ts";
import { scale } from "./scale.ts";
import { type Row, table } from "./table.ts";

const [part, size] = process.argv.slice(2);
const rows: Row[] = [];
const add = (row: Row) => {
    rows.push(row);
    console.log(`${row.what}: ${row.seconds.toFixed(1)} s against ${row.base.toFixed(1)} s (${row.against})`);
};

await using lab = await openLab();
const parts = { scale: () => scale(lab, (size ?? "1,100,1000").split(",").map(Number), add), cloning: () => cloning(lab, Number(size ?? 512), add), diskless: () => diskless(lab, add) };
for (const [name, run] of Object.entries(parts)) if (part === undefined || part === name) await run();
console.log(`\n${table(rows)}`);
