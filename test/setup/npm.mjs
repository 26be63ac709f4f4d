// The packages of package-lock.json in node_modules, a current Node among them; then the compiled library.
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { announce, ask, missing, run, step } from "./step.mjs";
import { cacheDir, root } from "./where.mjs";

const at = (...path) => join(root, ...path);

export const npm = () =>
    step("npm packages", async () => {
        const why = stale();
        if (!why) return `${await nodeVersion()}, as package-lock.json says`;
        // The machine's own Node runs npm: the one in node_modules is about to be replaced.
        const path = process.env.PATH.split(delimiter).filter((folder) => !folder.startsWith(at("node_modules")));
        announce(`${why}: installing what package-lock.json says, by npm ci`);
        await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root, env: { PATH: path.join(delimiter) } })
            .catch(missing("The npm packages can't be had", "let npm reach its registry (`npm config get registry`),", "bring node_modules of the same package-lock.json from another machine."));
        const left = stale();
        if (left) throw new Error(`npm ci ended well, but ${left}. See what it said with: npm ci --foreground-scripts`);
        return `${await nodeVersion()}, installed: ${why}`;
    });

export const build = () =>
    step("build", async () => {
        // The compiler keeps what Node makes of it, and among the temporary files unless it is told where.
        await run("npm", ["run", "--silent", "build"], { cwd: root, env: { NODE_COMPILE_CACHE: join(cacheDir, "compiled") } });
        return "provider and sdk compiled";
    });

const nodeVersion = async () => `Node ${await ask(at("node_modules/.bin/node"), ["--version"])}`;

/** What in node_modules differs from package-lock.json, in words; undefined when nothing does. */
function stale() {
    if (!existsSync(at("node_modules/.package-lock.json"))) return "node_modules is missing";
    if (!existsSync(at("node_modules/.bin/node"))) return "node_modules/.bin/node is missing";
    const read = (file) => JSON.parse(readFileSync(at(file), "utf8")).packages;
    const want = read("package-lock.json");
    const have = read("node_modules/.package-lock.json");
    for (const [path, { version, integrity, link, optional }] of Object.entries(want)) {
        if (!path.startsWith("node_modules/") && !path.includes("/node_modules/")) continue; // our own workspaces
        const found = have[path];
        if (!found && optional) continue;              // of another platform, or it could not be built
        if (!found) return `${path} is missing`;
        if (!link && (found.version !== version || found.integrity !== integrity)) return `${path} is ${found.version}, not ${version}`;
    }
    return undefined;
}
