// What check says of captures that nothing would come of, as far as state shows it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { handle, machine, master } from "./inputs.ts";

const on = (host: string) => handle({ ref: { ...master, host, maxErase: 10, imaging: { id: "5b1ac0de", cmdline: "quiet" } } });
const capture = (name = "golden", generation = 1) => ({ kind: "capture", name, disk: "only", generation });
const clone = { kind: "clone", image: { name: "classroom", digest: "4".repeat(64) }, disk: "only", generation: 1 };
const machineOf = (name: string, mac: string, host: string, boot: object): any => machine(name, { mac: `52:54:00:00:02:${mac}`, boot, __master: on(host) });
const judged = (olds: any, news: any): any => check(resourceType("Machine"), olds, news);
const reasons = (olds: any, news: any): string[] => judged(olds, news).failures.map(({ reason }: { reason: string }) => reason);

test("one generation is one order: another under the same number is refused", () => {
    const news = machineOf("a", "01", "10.2.0.1", capture());
    const { inputs } = judged({}, news);
    assert.deepEqual(reasons(inputs, news), []);
    const refused = "boot.generation is 1 for a, and that was ordered already, for /srv/netboot/captures/golden/1.zst: say 2 to order ";
    assert.deepEqual(reasons(inputs, { ...news, boot: capture("silver") }), [`${refused}/srv/netboot/captures/silver/1.zst.`]);
    assert.deepEqual(reasons(inputs, { ...news, boot: clone }), [`${refused}a clone.`]);
    assert.deepEqual(reasons(inputs, { ...news, boot: capture("golden", 2) }), []);
});

test("an installation is onto one disk: another disk of the master under the same number is refused", () => {
    const ref = { ...master, host: "10.2.0.4", maxErase: 10, installers: true, storage: { driver: "reflink", path: "/srv/netboot/volumes", iqn: "iqn.2024-07.internal.netboot" } };
    const pool = handle({ ref: { name: "lan", mode: "authoritative", subnet: "10.0.0.0/24", reserved: [] } });
    const installer = { name: "other", digest: "5".repeat(64), family: "custom", kernel: "/blob/kernel", initrds: [], cmdline: "", template: "" };
    const onto = (disk: unknown, generation = 1) => ({ kind: "install", installer, disk, generation });
    const volume = (name: string) => ({ kind: "diskless", volume: { name } });
    const news = machine("d", { mac: "52:54:00:00:02:04", pool: undefined, address: "10.0.0.21", boot: onto("only"), __pool: pool, __master: handle({ ref }) });
    const said = (from: object, to: object) => reasons(judged({}, { ...news, boot: from }).inputs, { ...news, boot: to });
    assert.deepEqual(said(onto("only"), onto({ serial: "A1" })), [], "an order that nothing has claimed is given anew; the script is the same");
    const refused = "boot.generation is 1 for d, and that was ordered already, for an installation";
    assert.deepEqual(said(onto("only"), onto(volume("a"))), [`${refused}: say 2 to order an installation onto iqn.2024-07.internal.netboot:d:a.`]);
    assert.deepEqual(said(onto(volume("a")), onto(volume("b"))), [`${refused} onto iqn.2024-07.internal.netboot:d:a: say 2 to order an installation onto iqn.2024-07.internal.netboot:d:b.`]);
    assert.deepEqual(said(onto(volume("a")), onto("only", 2)), []);
});

test("a file that one machine was read into is no other's on the same master, whichever is looked at first", () => {
    const first = machineOf("b", "02", "10.2.0.2", capture());
    const { inputs } = judged({}, first);
    const local = { ...first, boot: { kind: "local" } };
    const words = /^boot of c is to read its disk into \/srv\/netboot\/captures\/golden\/1\.zst, as b was ordered to: say another name, or a higher generation\.$/;
    assert.deepEqual(reasons(inputs, local), []);
    assert.match(reasons({}, machineOf("c", "03", "10.2.0.2", capture()))[0]!, words);
    assert.deepEqual(reasons({}, machineOf("c", "03", "10.2.0.2", capture("golden", 2))), []);
    const on = (one: any) => ({ ...one, __master: machineOf("", "", "10.2.0.3", {}).__master });
    assert.deepEqual(reasons({}, on(machineOf("c", "03", "", capture()))), []);
    assert.match(reasons(on(inputs), on(local))[0]!, words);
});
