/**
 * `npm test`: types, then every test. `npm run test:fast`: those for daily work. `npm run test:long`: the campaigns as well.
 * A file's name says where it belongs: `*.test.ts` fast, `*.host.ts` the scripts and the command line themselves, run on this machine, `*.lab.ts` with real masters and clients,
 * `*.long.ts` an hour or more.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const suites: Record<string, string[]> = { fast: ["test"], all: ["test", "host", "lab"], long: ["test", "host", "lab", "long"] };
const suite = process.argv[2] ?? "all";
const endings = suites[suite];
if (!endings) throw new Error(`no suite "${suite}": ${Object.keys(suites).join(", ")}`);

/** One more than there are processors, since a third of the time goes by in waiting for machines; each file may have masters and machines of 4 GiB in all. */
const atOnce = Math.max(1, Math.min(availableParallelism() + 1, Math.floor(totalmem() / 2 ** 32)));

const files = (ending: string) => globSync(`test/**/*.${ending}.ts`, { cwd: root }).sort();
// Every file is a process of its own, which loads the same modules.
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled"), NETBOOT_LONG: suite === "long" ? "1" : "" };
const run = (title: string, args: string[]) => {
    console.log(`\n== ${title}`);
    const { status, signal } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env });
    if (status !== 0) process.exit(signal ? 130 : (status ?? 1));
};

run("types of the tests", ["node_modules/typescript/bin/tsc", "-p", "test"]);
for (const ending of endings) {
    const list = files(ending);
    if (list.length) run(`${list.length} files *.${ending}.ts`, ["--test", `--test-concurrency=${atOnce}`, ...list]);
}
