// boot.choice: configuration chooses among what the program says, and nothing else; what was chosen goes into state for `netboot switch`.
import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";

const { boot } = netboot;
const seen = new Map<string, any>();
before(() => pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => (seen.set(name, inputs), { id: name, state: inputs }), call: () => ({}) }));
beforeEach(() => pulumi.runtime.setAllConfig({}));

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
    await new Promise((done) => setTimeout(done, 200));
    const entries = Object.keys(options);
    assert.deepEqual(seen.get("one").__choice, { name: "one", entry: "disk", entries });
    assert.deepEqual(seen.get("two").__choice, { name: "two", entry: "disk", entries });
    assert.equal("__choice" in seen.get("plain"), false);
    assert.deepEqual(seen.get("group").__choice, { name: "group", entry: "far", entries: ["far"] });
    assert.deepEqual(seen.get("hall").__choices, { "hall-2": { name: "hall-2", entry: "shell", entries } });
    assert.deepEqual(seen.get("hall").machines["hall-2"].boot, { kind: "shell" });
});
