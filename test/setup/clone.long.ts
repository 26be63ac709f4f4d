// What a person does first: a clone into an empty folder, and the demo in it. With an empty cache, as on a machine that has never seen the repository;
// the engine's images and a Pulumi CLI on PATH are found there, since both take long to make and are tried each for itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { pulumiBin, root } from "./where.mjs";

const folder = mkdtempSync(join(tmpdir(), "netboot-clone-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const [clone, cache, temporary] = ["clone", "cache", "tmp"].map((name) => join(folder, name)) as [string, string, string];
for (const path of [cache, temporary]) mkdirSync(path);

/** As a shell of that person has it: nothing that npm and set-up have told the test. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|NETBOOT_|PULUMI_)/.test(name)));
const path = (env["PATH"] ?? "").split(delimiter).filter((one) => !one.startsWith(root) && !one.includes("node_modules"));
Object.assign(env, { PATH: [pulumiBin(), ...path].join(delimiter), XDG_CACHE_HOME: cache, TMPDIR: temporary, CI: "1" });
const run = (command: string, ...args: string[]) => execFileSync("sh", ["-c", '"$@" 2>&1', "sh", command, ...args], { cwd: clone, env, encoding: "utf8", maxBuffer: 1 << 26 });
const ignored = () => run("git", "status", "--porcelain", "--ignored").trim().split("\n");

test("a clone runs the demo; it is as git made it afterwards, and nothing is left but the cache", () => {
    execFileSync("git", ["clone", "--quiet", "--no-hardlinks", root, clone]);
    const text = run("npm", "run", "demo");
    assert.match(text, /npm packages +node_modules is missing: installing [^]*npm packages +Node v.*, installed: /);
    assert.match(text, /What was shown\n( {2}\d .*\n){7}/);
    assert.deepEqual(ignored().filter((line) => !/^!! (node_modules|(provider|sdk)\/(dist|node_modules)|provider\/tsconfig\.tsbuildinfo|schema\/\w+\.d\.ts|.*\.tsbuildinfo)\/?$/.test(line)), [], "git status");
    assert.deepEqual(readdirSync(cache), ["pulumi-netboot"]);
    assert.deepEqual(readdirSync(join(cache, "pulumi-netboot")).sort(), ["artifacts", "compiled", "digests", "logs", "pulumi"], "no lock");
    assert.deepEqual(readdirSync(temporary), []);
});

test("set-up finds all that again and installs nothing", () => {
    const before = ignored();
    const text = run("npm", "run", "setup", "--", "--only", "npm,pulumi,docker,images");
    for (const words of [/npm packages +Node .*, as package-lock\.json says/, /pulumi +v.* in /, /docker +engine .* answers/, /images +\d+ there/]) assert.match(text, words);
    assert.doesNotMatch(text, /install|built |fetching/);
    assert.deepEqual(ignored(), before);
});
