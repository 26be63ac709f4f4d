// The Pulumi CLI: found on PATH, found in the cache, by the official installer, or built; in this order, and into the cache only.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Machine } from "./machine.ts";
import { pins } from "./where.mjs";

const parts = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];
const inCache = (machine: Machine) => join(machine.cache, `pulumi/v${pins.pulumi}/bin`);
const inUse = (machine: Machine) => readFileSync(join(machine.cache, "pulumi/in-use"), "utf8").trim();
const line = /^ {2}pulumi +(v.*) {2}\(\d\.\d s\)$/m;

/** Puts a CLI of this version into a folder. */
function cli(machine: Machine, folder: string, version = `v${pins.pulumi}`): void {
    for (const part of parts) machine.tool(part, `echo ${version}`, folder);
}
/** What makes a CLI in the folder that the shell knows as `$1`. */
const makes = (version = pins.pulumi) => `mkdir -p "$1"; for part in ${parts.join(" ")}; do printf '#!/bin/sh\\necho v${version}\\n' >"$1/$part"; chmod +x "$1/$part"; done`;

/** A machine with no CLI: an official installer that answers, if it is to, and a Go of this version. */
function bare({ installer = makes(), go = pins.go }: { installer?: string; go?: string } = {}): Machine {
    const machine = new Machine();
    machine.tool("curl", installer ? `cat >"$5" <<'END'\necho installer $* >>${machine.folder}/called\nset -- "$4/bin"\n${installer}\nEND` : "echo 'curl: (6) Could not resolve host: get.pulumi.com' >&2; exit 6");
    machine.tool("go", builder(go, "$GOMODCACHE/toolchain"));
    return machine;
}
const builder = (version: string, toolchain: string) => `case "$1 $*" in
    version*) echo "go version go${version} linux/amd64";;
    mod*) mkdir -p ${toolchain}/bin ${toolchain}/pkg/tool/linux; cp "$0" ${toolchain}/bin/go; chmod -x ${toolchain}/bin/go; echo "{\\"Dir\\":\\"${toolchain}\\"}";;
    build*) while [ "$1" != -o ]; do shift; done; printf '#!/bin/sh\\necho v${pins.pulumi}\\n' >"$2"; chmod +x "$2";;
    esac`;

test("one on PATH that is new enough is used, whatever else there is", async () => {
    for (const version of [`v${pins.pulumi}`, "v3.999.0"]) {
        const machine = bare();
        cli(machine, inCache(machine));
        cli(machine, machine.bin, version);
        const { code, text } = await machine.setUp("pulumi");
        assert.deepEqual([code, line.exec(text)?.[1]], [0, `${version} in ${machine.bin}`]);
        assert.equal(inUse(machine), machine.bin);
        assert.deepEqual(machine.called(), ["pulumi version"]);
    }
});

for (const [title, spoil] of [
    ["too old", (machine: Machine) => cli(machine, machine.bin, "v3.200.0")],
    ["of another major version", (machine: Machine) => cli(machine, machine.bin, "v4.999.0")],
    ["without its language host", (machine: Machine) => (cli(machine, machine.bin), rmSync(join(machine.bin, parts[1]!)))],
] as const)
    test(`one on PATH that is ${title} is said and left alone, and an earlier set-up's is used`, async () => {
        const machine = bare();
        cli(machine, inCache(machine));
        spoil(machine);
        const before = readdirSync(machine.bin).map((name) => readFileSync(join(machine.bin, name), "latin1"));
        const { code, text } = await machine.setUp("pulumi");
        assert.equal(code, 0);
        assert.ok(text.includes(`${machine.bin}/pulumi is older than ${pins.pulumi} or not whole; leaving it alone\n`), text);
        assert.equal(line.exec(text)?.[1], `v${pins.pulumi}, made by an earlier set-up`);
        assert.equal(inUse(machine), inCache(machine));
        assert.ok(machine.called().every((call) => call === "pulumi version"), "nothing is fetched or built");
        assert.deepEqual(readdirSync(machine.bin).map((name) => readFileSync(join(machine.bin, name), "latin1")), before);
    });

test("else the official installer puts it into the cache, after saying so, once", async () => {
    const machine = bare();
    const before = machine.files();
    const { code, text } = await machine.setUp("pulumi");
    assert.equal(code, 0, text);
    assert.match(text, new RegExp(`^ {2}pulumi +no Pulumi CLI ${pins.pulumi} or newer here: putting one into ${machine.cache}/pulumi/v${pins.pulumi}\n`, "m"));
    assert.equal(line.exec(text)?.[1], `v${pins.pulumi}, by the official installer`);
    const calls = machine.called();
    assert.match(calls[0]!, /^curl -fsSL .* https:\/\/get\.pulumi\.com$/);
    assert.equal(calls[1], `installer --version ${pins.pulumi} --install-root ${machine.cache}/pulumi/v${pins.pulumi} --no-edit-path`);
    assert.equal(line.exec((await machine.setUp("pulumi")).text)?.[1], `v${pins.pulumi}, made by an earlier set-up`);
    assert.deepEqual(machine.called(), []);
    assert.deepEqual(machine.files(), before, "nothing is written into the repository");
    assert.deepEqual(readdirSync(join(machine.folder, "home")), [".cache"], "nor beside the cache");
});

for (const [title, installer, why] of [
    ["can't be reached", "", "curl: (6) Could not resolve host: get.pulumi.com"],
    ["fails", "echo 'error: no such release' >&2; exit 1", "error: no such release"],
    ["brings an old one", makes("3.200.0"), "what it installed is not whole"],
] as const)
    test(`where the official installer ${title}, it is built from Go modules, which leaves the programs and nothing else`, async () => {
        const machine = bare({ installer });
        const before = machine.files();
        const { code, text } = await machine.setUp("pulumi");
        assert.equal(code, 0, text);
        assert.ok(text.includes(`the official installer can't be had (${why}); building from Go modules\n`), text);
        assert.equal(line.exec(text)?.[1], `v${pins.pulumi}, built from Go modules`);
        assert.deepEqual(readdirSync(inCache(machine)).sort(), parts);
        assert.equal(existsSync(join(machine.cache, "pulumi/work")), false);
        assert.deepEqual(machine.files(), before);
    });

test("an old Go fetches the new one for this build only", async () => {
    const machine = bare({ installer: "", go: "1.19.8" });
    const { code, text } = await machine.setUp("pulumi");
    assert.equal(code, 0, text);
    assert.ok(text.includes(`Go 1.19 is too old; fetching Go ${pins.go} through it, for this build only\n`), text);
    assert.match(machine.called().join("\n"), new RegExp(`\ngo mod download -json golang\\.org/toolchain@v0\\.0\\.1-go${pins.go}\\.linux-`));
    assert.equal(existsSync(join(machine.cache, "pulumi/work")), false);
});

test("where Go is missing too, its package is installed, or the two ways are said", async () => {
    const machine = bare({ installer: "" });
    rmSync(join(machine.bin, "go"));
    const { code, text } = await machine.setUp("pulumi");
    assert.equal(code, 1);
    assert.match(text, /\nNeither the Pulumi CLI nor Go, to build it, is there\n {2}either run `apt-get install --no-install-recommends golang-go ca-certificates` as root \(Debian, Ubuntu\),\n {2}or install the Pulumi CLI .*\.\n$/);
    machine.tool("go", builder("1.99.0", ""), join(machine.folder, "package"));
    machine.tool("apt-get", `cp ${machine.folder}/package/go ${machine.bin}`);
    assert.equal((await machine.setUp("pulumi")).code, 0);
});

test("a build that fails says why, and two ways", async () => {
    const machine = bare({ installer: "" });
    machine.tool("go", `[ "$1" = version ] && echo go version go${pins.go} linux/amd64 && exit; echo 'dial tcp: no route to proxy.golang.org' >&2; exit 1`);
    const { code, text } = await machine.setUp("pulumi");
    assert.equal(code, 1);
    assert.match(text, /\nThe Pulumi CLI can't be built: nice go .*:\n +dial tcp: no route .*\n.*\n {2}either let Go reach its modules \(GOPROXY\),\n {2}or install .*\.\n$/);
    assert.equal(existsSync(inCache(machine)), false);
});

test("XDG_CACHE_HOME says where the cache is", async () => {
    const machine = bare();
    machine.env.XDG_CACHE_HOME = join(machine.folder, "elsewhere");
    assert.equal((await machine.setUp("pulumi")).code, 0);
    assert.deepEqual(readdirSync(join(machine.folder, "elsewhere")), ["pulumi-netboot"]);
    assert.equal(existsSync(join(machine.folder, "home")), false);
});
