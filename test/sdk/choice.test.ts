// boot.choice: configuration chooses among what the program says, and nothing else; what was chosen goes into state for `netboot switch`.
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";

const { boot } = netboot;
const seen = new Map<string, any>();
before(() => pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => (seen.set(name, inputs), { id: name, state: inputs }), call: () => ({}) }));
beforeEach(() => pulumi.runtime.setAllConfig({}));

async function registered(...names: string[]): Promise<void> {
    for (let tries = 0; tries < 200 && !names.every((name) => seen.has(name)); tries++) await delay(50);
}

const options = { disk: boot.local(), shell: boot.shell(), far: boot.chain("http://10.0.0.9/x.ipxe") };

test("the configuration decides; without a word the default, or the first entry", () => {
    assert.deepEqual(boot.choice("desk", options), { kind: "local" });
    assert.deepEqual(boot.choice("desk", options, { default: "shell" }), { kind: "shell" });
    pulumi.runtime.setAllConfig({ "netboot:desk": "far", "netboot:other": "disk" });
    assert.deepEqual(boot.choice("desk", options, { default: "shell" }), { kind: "chain", url: "http://10.0.0.9/x.ipxe" });
    assert.deepEqual(boot.choice("other", options, { default: "shell" }), { kind: "local" });
});

test("a word that is no entry is an error that names what is allowed, and so is a choice that is none", () => {
    for (const word of ["exam", "", "constructor", "__proto__", "disk "]) {
        pulumi.runtime.setAllConfig({ "netboot:desk": word });
        assert.throws(() => boot.choice("desk", options), (error: Error) => pulumi.RunError.isInstance(error) && error.message === `netboot:desk is ${JSON.stringify(word)} in the configuration, and is to be one of disk, shell, far: pulumi config set netboot:desk disk`, word);
    }
    pulumi.runtime.setAllConfig({});
    const refused = (words: RegExp, name: string, boots: any, more?: any) => assert.throws(() => boot.choice(name, boots, more), words);
    refused(/its name is "a:b", and names are letters/, "a:b", options);
    refused(/there is nothing to choose from/, "desk", {});
    refused(/an entry is called "1"/, "desk", { 1: boot.local() });
    refused(/its default is "exam", and is to be one of disk, shell, far/, "desk", options, { default: "exam" });
});

test("state has the choice of a machine, of a group and of a fleet's machines, and two choices of one boot are two", async () => {
    pulumi.runtime.setAllConfig({ "netboot:hall-2": "shell" });
    const master = netboot.MasterServer.of({ name: "lab" }, { host: "10.0.0.2", hostKey: "ssh-ed25519 AAAA" });
    const [one, two] = ["one", "two"].map((name) => boot.choice(name, options)) as [netboot.Boot, netboot.Boot];
    new netboot.Machine("one", { master, mac: "52:54:00:00:00:01", boot: one });
    new netboot.Machine("two", { master, mac: "52:54:00:00:00:02", boot: two });
    new netboot.Machine("plain", { master, mac: "52:54:00:00:00:03", boot: boot.local() });
    new netboot.MachineGroup("group", { master, match: { addresses: "10.0.2.0/24" }, boot: boot.choice("group", { far: boot.chain(pulumi.output("http://10.0.0.9/y.ipxe")) }) });
    new netboot.Fleet("hall", { master, machines: { "hall-1": { mac: "52:54:00:00:00:04" }, "hall-2": { mac: "52:54:00:00:00:05", boot: boot.choice("hall-2", options) } } });
    await registered("one", "two", "plain", "group", "hall");
    const entries = Object.keys(options);
    assert.deepEqual(seen.get("one").__choice, [{ name: "one", entry: "disk", entries }]);
    assert.deepEqual(seen.get("two").__choice, [{ name: "two", entry: "disk", entries }]);
    assert.equal("__choice" in seen.get("plain"), false);
    assert.deepEqual(seen.get("group").__choice, [{ name: "group", entry: "far", entries: ["far"] }]);
    assert.deepEqual(seen.get("hall").__choices, { "hall-2": [{ name: "hall-2", entry: "shell", entries }] });
    assert.deepEqual(seen.get("hall").machines["hall-2"].boot, { kind: "shell" });
});

test("state has every choice on the way to what is booted: of a disk, among the entries of another, and in a menu; none that leads nowhere now", async () => {
    pulumi.runtime.setAllConfig({ "netboot:which": "two" });
    const master = netboot.MasterServer.of({ name: "lab" }, { host: "10.0.0.2", hostKey: "ssh-ed25519 AAAA" });
    const volume = (name: string) => new netboot.Volume(name, { master, size: "1MiB" });
    const installer = new netboot.InstallerImage("bookworm", { master, family: "custom", kernel: import.meta.filename, initrds: [], template: "" });
    const winpe = { __ref: { name: "winpe" } } as unknown as netboot.WinPeImage;
    const disks = { one: boot.diskless(volume("one")), two: boot.diskless(volume("two")) };
    const which = () => boot.choice("which", disks);
    const chosen = { name: "which", entry: "two", entries: ["one", "two"] };
    const machine = (name: string, boots: netboot.Boot) => new netboot.Machine(name, { master, mac: "52:54:00:00:00:01", boot: boots });
    machine("installed", boot.install(installer, { disk: which(), generation: 1 }));
    machine("windows", boot.winpe(winpe, { disk: which() }));
    const rescue = new netboot.KernelImage("rescue", { master, kernel: import.meta.filename });
    machine("started", boot.diskless(volume("three"), { kernel: boot.choice("kernel", { old: boot.kernel(rescue), newer: boot.kernel(rescue) }) }));
    machine("within", boot.choice("outer", { inner: which(), disk: boot.local() }));
    machine("below", boot.choice("outer", { system: boot.install(installer, { disk: which(), generation: 1 }), disk: boot.local() }));
    machine("elsewhere", boot.choice("outer", { inner: which(), disk: boot.local() }, { default: "disk" }));
    const again = boot.choice("menu", { far: boot.chain("http://10.0.0.9/x.ipxe") });
    new netboot.BootMenu("seats", { master, title: "Seats", entries: [{ name: "a", label: "A", boot: which() }, { name: "b", label: "B", boot: again }, { name: "c", label: "C", boot: which() }, { name: "d", label: "D", boot: boot.local() }] });
    new netboot.BootMenu("choiceless", { master, title: "Plain", entries: [{ name: "d", label: "D", boot: boot.local() }] });
    const outer = (entry: string, ...entries: string[]) => ({ name: "outer", entry, entries });
    const expected = [
        ["installed", [chosen]], ["windows", [chosen]], ["started", [{ name: "kernel", entry: "old", entries: ["old", "newer"] }]], ["within", [outer("inner", "inner", "disk"), chosen]], ["below", [outer("system", "system", "disk"), chosen]],
        ["elsewhere", [outer("disk", "inner", "disk")]], ["seats", [chosen, { name: "menu", entry: "far", entries: ["far"] }]], ["choiceless", undefined],
    ] as const;
    await registered(...expected.map(([name]) => name));
    for (const [name, choices] of expected) assert.deepEqual(seen.get(name).__choice, choices, name);
});
