// `netboot switch`: what it takes and refuses, what it has Pulumi do, and how the configuration is put back. A stand-in for the Pulumi CLI keeps state and configuration in files.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { machine, onMaster } from "../adapter/inputs.ts";

const folder = mkdtempSync(join(tmpdir(), "netboot-switch-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const choice = (name: string, entry = "disk") => ({ name, entry, entries: ["disk", "exam"] });
const checked = (type: string, inputs: any) => ({ type: `pulumi-nodejs:dynamic/netboot:${type}`, outputs: check(resourceType(type), {}, inputs).inputs });
const resources = [
    checked("Machine", machine("desk-01", { mac: "52:54:00:00:07:01", __choice: choice("desk-01") })), // as an older version wrote it
    checked("Machine", machine("desk-02", { mac: "52:54:00:00:07:02", __choice: [choice("desk-02"), { name: "target", entry: "one", entries: ["one", "two", "exam"] }] })),
    checked("Machine", machine("plain", { mac: "52:54:00:00:07:03" })),
    checked("Fleet", { ...onMaster("Fleet", "hall"), machines: { "hall-1": { mac: "52:54:00:00:07:04" }, "hall-2": { mac: "52:54:00:00:07:05" } }, __choices: { "hall-1": [choice("hall")], "hall-2": [choice("hall")] } }),
    checked("MachineGroup", { ...onMaster("MachineGroup", "room-2"), match: { addresses: "10.0.2.0/24" }, boot: { kind: "local" }, __choice: [{ ...choice("room-2", "windows"), entries: ["windows"] }] }),
    // A menu of the same name, and of the same choice.
    checked("BootMenu", { ...onMaster("BootMenu", "hall-1"), title: "Hall", entries: [{ name: "disk", label: "Disk", boot: { kind: "local" } }], __choice: [choice("hall")] }),
    checked("BootMenu", { ...onMaster("BootMenu", "seats"), title: "Seats", entries: [{ name: "disk", label: "Disk", boot: { kind: "local" } }], __choice: [{ name: "seats", entry: "old", entries: ["old", "new"] }] }),
];
writeFileSync(at("state.json"), JSON.stringify({ deployment: { resources } }));
// Fails where a file says so; says what it was asked, and what the configuration was then.
writeFileSync(at("pulumi"), `#!/usr/bin/env node
const { readFileSync, writeFileSync, appendFileSync, existsSync } = require("node:fs");
const args = process.argv.slice(2).filter((word) => word !== "--non-interactive");
const at = (name) => ${JSON.stringify(folder)} + "/" + name;
const config = JSON.parse(readFileSync(at("config.json"), "utf8"));
const save = () => writeFileSync(at("config.json"), JSON.stringify(config));
const [verb, sub] = args;
if (verb === "stack") process.stdout.write(readFileSync(at("state.json")));
else if (verb === "config" && sub === "--json") console.log(JSON.stringify(config));
else if (verb === "config" && sub === "set-all") { for (const word of args.slice(2)) if (word !== "--plaintext") config[word.split("=")[0]] = { value: word.split("=")[1] }; save(); }
else if (verb === "config" && sub === "rm-all") { for (const key of args.slice(2)) delete config[key]; save(); }
else { appendFileSync(at("asked"), args.join(" ") + " " + JSON.stringify(config) + "\\n"); if (existsSync(at("fail-" + verb))) process.exit(255); console.log("the words of " + verb); }
`, { mode: 0o755 });

const before = { "site:secret": { secret: true }, "netboot:desk-02": { value: "exam" } };
beforeEach(() => {
    for (const name of ["asked", "fail-preview", "fail-up"]) rmSync(at(name), { force: true });
    writeFileSync(at("config.json"), JSON.stringify(before));
});
const config = () => JSON.parse(readFileSync(at("config.json"), "utf8"));
const told = () => (existsSync(at("asked")) ? readFileSync(at("asked"), "utf8").trim().split("\n").map((line) => line.split(" {")[0]) : []);

function netboot(...args: string[]): { code: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "../../sdk/dist/cli/main.js"), "switch", ...args], { encoding: "utf8", input: "", env: { ...process.env, PATH: `${folder}:${join(process.execPath, "..")}:/usr/bin:/bin` } });
    return { code: status, out: stdout, err: stderr };
}

test("a switch is a word of configuration, a preview and an up", () => {
    const { code, out, err } = netboot("desk-01", "exam", "--yes");
    assert.equal(code, 0, err);
    assert.deepEqual(config(), { ...before, "netboot:desk-01": { value: "exam" } });
    assert.deepEqual(told(), ["preview --diff", "up --yes --skip-preview"]);
    assert.equal(readFileSync(at("asked"), "utf8").match(/"netboot:desk-01":\{"value":"exam"\}/g)!.length, 2, "both saw it");
    assert.match(out, /the words of preview\nthe words of up/);
});

test("a preview that fails puts the configuration back; an up that fails leaves what is wanted", () => {
    writeFileSync(at("fail-preview"), "");
    const refused = netboot("desk-*", "disk", "--yes");
    assert.deepEqual([refused.code, config(), told()], [1, before, ["preview --diff"]]);
    assert.match(refused.err, /nothing is switched, as the preview failed; the configuration is as it was/);
    rmSync(at("fail-preview"));
    writeFileSync(at("fail-up"), "");
    const failed = netboot("desk-*", "disk", "--yes");
    assert.deepEqual([failed.code, config()], [1, { ...before, "netboot:desk-01": { value: "disk" }, "netboot:desk-02": { value: "disk" } }]);
    assert.match(failed.err, /pulumi up failed\. The configuration says what is wanted \(netboot:desk-01 disk, netboot:desk-02 disk\)/);
});

test("machines that share a choice are switched together, and that is said", () => {
    const { err } = netboot("hall-1", "exam", "--yes");
    assert.match(err, /^The same choice is that of hall-2: switched as well\.$/m);
    assert.deepEqual(config()["netboot:hall"], { value: "exam" });
});

test("of several choices of one machine that one is switched which has the entry, or whose key is said; a menu's is switched as a machine's is", () => {
    for (const [of, entry, key] of [["desk-02", "two", "target"], ["desk-02", "disk", "desk-02"], ["netboot:target", "exam", "target"], ["seats", "new", "seats"]] as const) {
        writeFileSync(at("config.json"), JSON.stringify(before));
        const { code, err } = netboot(of, entry, "--yes");
        assert.deepEqual([code, err, config()], [0, "", { ...before, [`netboot:${key}`]: { value: entry } }]);
    }
});

test("what is not there is refused, and nothing is done", () => {
    const refused = (words: RegExp, ...args: string[]) => {
        const { code, err } = netboot(...args);
        assert.equal(code, 2, err);
        assert.match(err, words);
        assert.match(err, /netboot switch desk-01 exam/);
        assert.deepEqual([config(), told()], [before, []]);
    };
    refused(/switch is given "desk-01" alone/, "desk-01");
    refused(/There is no terminal to ask on: say --yes/, "desk-01", "exam");
    refused(/desk-01 boots one of disk, exam, and not "exma"/, "desk-01", "exma", "--yes");
    refused(/desk-02 boots one of disk, exam, one, two, and not "exma"/, "desk-02", "exma", "--yes");
    refused(/desk-02 has "exam" in two choices: say netboot:desk-02 or netboot:target in its place/, "*", "exam", "--yes");
    refused(/room-2 boots one of windows, and not "exam"/, "hall-*", "room-2", "exam", "--yes");
    refused(/No machine, group or menu of this stack is called "plain" and has a boot\.choice; there are desk-01, desk-02, hall-1, hall-2, room-2, seats\./, "plain", "exam", "--yes");
    refused(/--json is for the list/, "desk-01", "exam", "--json", "--yes");
});

test("a choice that is kept as a secret is not written over", () => {
    writeFileSync(at("config.json"), JSON.stringify({ "netboot:desk-01": { secret: true } }));
    const { code, err } = netboot("desk-01", "exam", "--yes");
    assert.deepEqual([code, told()], [1, []]);
    assert.match(err, /netboot:desk-01 is a secret of the configuration/);
});

test("without words it lists who has a choice", () => {
    const { code, out } = netboot();
    assert.equal(code, 0);
    assert.equal(out, "MACHINE  BOOTS    OF              CONFIGURATION\ndesk-01  disk     disk, exam      netboot:desk-01\ndesk-02  disk     disk, exam      netboot:desk-02\ndesk-02  one      one, two, exam  netboot:target\nhall-1   disk     disk, exam      netboot:hall\nhall-2   disk     disk, exam      netboot:hall\nroom-2   windows  windows         netboot:room-2\nseats    old      old, new        netboot:seats\n");
    assert.deepEqual(JSON.parse(netboot("--json").out)[0], { machine: "desk-01", ...choice("desk-01") });
});
