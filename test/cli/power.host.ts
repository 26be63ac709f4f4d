// `netboot power` as far as it goes without a master: what it takes, what it refuses, and how it ends. A stand-in for the Pulumi CLI prints the state.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { handle, machine, master } from "../adapter/inputs.ts";

const folder = mkdtempSync(join(tmpdir(), "netboot-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const nowhere = { host: "127.0.0.1", port: 1, hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4vhUe5cXP6hjpWY7H7n6nIbMLHvUw0MHO4SCDq4XMd", password: "x" };
const desk = (name: string, last: string, more: object) => check(resourceType("Machine"), {}, machine(name, { mac: `52:54:00:00:07:${last}`, __master: handle({ connection: nowhere }), ...more }) as any).inputs;
const resources = [desk("desk-01", "01", { power: { driver: "ipmi", host: "10.0.9.21", user: "netboot", password: "in-state-only" } }), desk("desk-02", "02", { power: { driver: "wol" } }), desk("plain", "03", {}),
    // Two masters may know two machines by one name.
    desk("twin", "04", { power: { driver: "ipmi", host: "10.0.9.24", user: "netboot", password: "in-state-only" } }), desk("twin", "05", { power: { driver: "wol" }, __master: handle({ connection: { ...nowhere, port: 2 }, ref: { ...master, host: "192.0.2.99" } }) })];
const sealed = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: '"in-state-only"' };
const leaving = desk("leaving", "06", { power: { driver: "wol" } });
const state = JSON.stringify({ deployment: { resources: [...resources, leaving].map((outputs) => ({ type: "pulumi-nodejs:dynamic/netboot:Machine", outputs, ...(outputs === leaving && { delete: true }) })) } }).replace('"password":"in-state-only"', `"password":${JSON.stringify(sealed)}`);
writeFileSync(join(folder, "state.json"), state);
writeFileSync(join(folder, "pulumi"), `#!/bin/sh\n[ "$1 $2 $3" = "stack export --show-secrets" ] && cat ${folder}/state.json\n`, { mode: 0o755 });

function netboot(...args: string[]): { code: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "../../sdk/dist/cli/main.js"), ...args], { encoding: "utf8", env: { ...process.env, PATH: `${folder}:/usr/bin:/bin` } });
    return { code: status, out: stdout, err: stderr };
}

test("what is not said plainly is refused, with the usage, and nothing is asked of a master", () => {
    const refused = (words: RegExp, ...args: string[]) => {
        const { code, err } = netboot("power", ...args);
        assert.equal(code, 2, err);
        assert.match(err, words);
        assert.match(err, /\nnetboot power on\|off/);
    };
    refused(/needs to know what to do/);
    refused(/power knows no "reboot", but on, off, cycle, status/, "reboot", "desk-01");
    refused(/power off needs the machines by name, or --all/, "off");
    refused(/power off is given desk-01 and --all: leave one of the two out/, "off", "desk-01", "--all");
    refused(/No machine of this stack is called "plain" and has a power; there are desk-01, desk-02, twin, twin/, "off", "plain");
    refused(/"twin" is the name of several machines: write one of twin@192\.0\.2\.1, twin@192\.0\.2\.99\./, "off", "twin");
    refused(/called "desk-0\[12\]"/, "off", "desk-0[12]");
    refused(/--at-once is "many"/, "on", "--all", "--at-once", "many");
});

test("a machine that only waits to be deleted is none of the stack's any more", () => {
    assert.match(netboot("power", "status", "leaving").err, /No machine of this stack is called "leaving"/);
});

test("a master that cannot be reached is said of each of its machines, with no secret", () => {
    const { code, out, err } = netboot("power", "status", "desk-*");
    assert.equal(code, 1, err);
    assert.match(out, /^MACHINE +BY +POWER\ndesk-01 +BMC 10\.0\.9\.21 +FAILED: .*127\.0\.0\.1.*\ndesk-02 +Wake-on-LAN 52:54:00:00:07:02 +FAILED: /);
    const json = netboot("power", "on", "desk-01", "--json");
    assert.equal(json.code, 1);
    assert.deepEqual(Object.keys(JSON.parse(json.out)[0]), ["machine", "way", "host", "outcome", "words"]);
    assert.ok(![out, err, json.out, json.err].join().includes("in-state-only"));
});

test("of two machines with one name each is switched by its own master", () => {
    assert.match(netboot("power", "status", "twin@192.0.2.99").out, /\ntwin +Wake-on-LAN 52:54:00:00:07:05 +FAILED: [^\n]*\n$/);
    const all = netboot("power", "status", "tw*");
    assert.match(all.out, /\ntwin of root@127\.0\.0\.1:1 +BMC 10\.0\.9\.24 [^\n]*\ntwin of root@127\.0\.0\.1:2 +Wake-on-LAN 52:54:00:00:07:05 /, all.err);
});
