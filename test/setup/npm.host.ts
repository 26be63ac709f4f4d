// The npm packages: by npm ci, when they are not what package-lock.json says, and only then.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Machine } from "./machine.ts";

const ci = "npm ci --no-audit --no-fund";
const build = "npm run --silent build";
const line = /^ {2}npm packages +Node v\d+\.\d+\.\d+, (.*) {2}\(\d\.\d s\)$/m;

function withNpm(): Machine {
    const machine = new Machine();
    machine.tool("npm", `[ "$1" != ci ] || { mkdir -p node_modules/.bin; ln -sf ${process.execPath} node_modules/.bin/node; cp package-lock.json node_modules/.package-lock.json; }`);
    return machine;
}

test("they are installed once, after saying so, and nothing else of the repository is written", async () => {
    const machine = withNpm();
    const outside = () => machine.files().filter((name) => !name.startsWith("node_modules"));
    const before = outside();
    const { code, text } = await machine.setUp("npm");
    assert.equal(code, 0);
    assert.match(text, /^ {2}npm packages +node_modules is missing: installing what package-lock\.json says, by npm ci\n {2}npm packages +Node v/m);
    assert.equal(line.exec(text)?.[1], "installed: node_modules is missing");
    assert.deepEqual(machine.called(), [ci, build]);
    assert.equal(line.exec((await machine.setUp("npm")).text)?.[1], "as package-lock.json says");
    assert.deepEqual(machine.called(), [build], "the compiler itself finds nothing to do");
    assert.deepEqual(outside(), before);
});

test("another version in package-lock.json, or a package that is gone, is installed", async () => {
    const machine = withNpm();
    await machine.setUp("npm");
    const file = join(machine.repository, "node_modules/.package-lock.json");
    const { packages } = JSON.parse(readFileSync(file, "utf8"));
    const typescript = packages["node_modules/typescript"];
    for (const [have, why] of [[{ ...typescript, version: "0.0.1" }, `node_modules/typescript is 0.0.1, not ${typescript.version}`], [undefined, "node_modules/typescript is missing"]] as const) {
        writeFileSync(file, JSON.stringify({ packages: { ...packages, "node_modules/typescript": have } }));
        machine.called();
        assert.equal(line.exec((await machine.setUp("npm")).text)?.[1], `installed: ${why}`);
        assert.deepEqual(machine.called(), [ci, build]);
    }
});

test("where npm can't have them it says why, and two ways; so it does where npm only says that it did", async () => {
    const machine = new Machine();
    machine.tool("npm", "echo 'npm error network request to the registry failed' >&2; exit 1");
    const { code, text } = await machine.setUp("npm");
    assert.equal(code, 1);
    assert.match(text, /\nThe npm packages can't be had: npm ci .* ended with 1:\n +npm error network .*\n.*\n {2}either let npm reach .*,\n {2}or bring .*\.\n$/);
    machine.tool("npm");
    assert.match((await machine.setUp("npm")).text, /\nnpm ci ended well, but node_modules is missing\. /);
});
