// What check says of disks that a run would make anew, remove or lose: all that state knows, before the master is asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { UNKNOWN } from "../../provider/dist/unknown.js";
import { handle, machine, master, masterServer } from "./inputs.ts";

const storing = handle({ ref: { ...master, host: "10.2.0.1", storage: { driver: "reflink", path: "/srv/netboot/volumes", iqn: "iqn.2024-07.internal.netboot" } } });
const urn = "urn:pulumi:dev::site::pulumi-nodejs:dynamic/netboot:Volume::golden";
const volume = (args: object): any => ({ name: "golden", __urn: urn, __provider: "", __master: storing, ...args });
const of = (type: string, olds: any, news: any): any => check(resourceType(type), olds, news);
const reasons = ({ failures }: any) => failures.map(({ property, reason }: any) => `${property}: ${reason}`);
const image = (digit: string) => ({ image: { name: "debian", digest: digit.repeat(64) } });

test("a volume: larger is allowed, smaller is not; another content, and a lower generation, need a higher one", () => {
    const before = of("Volume", {}, volume({ size: "2GiB", from: image("1") })).inputs;
    assert.deepEqual(reasons(of("Volume", before, volume({ size: "4GiB", from: image("1") }))), []);
    assert.match(reasons(of("Volume", before, volume({ size: "1GiB", from: image("1") })))[0], /^size: size is 1073741824 bytes, and golden has 2147483648: a disk is not made smaller/);
    assert.match(reasons(of("Volume", before, volume({ size: "2GiB", from: image("2") })))[0], /^generation: generation is 1 as before, and what golden comes from is another: write 2/);
    const anew = of("Volume", before, volume({ size: "1GiB", from: image("2"), generation: 2 }));
    assert.deepEqual([anew.failures, anew.lost], [[], ["DISCARDS what is on golden, which is made anew (generation 1 → 2)"]]);
    assert.match(reasons(of("Volume", anew.inputs, volume({ size: "1GiB", from: image("2") })))[0], /generation is 1, and golden is of generation 2: write 2 to leave it as it is, or 3/);
});

test("another driver of the master is refused for every volume that there is, whatever its generation", () => {
    const thin = { __master: handle({ ref: { ...master, host: "10.2.0.1", storage: { driver: "lvm-thin", pool: "vg0/netboot", path: "/srv/netboot/volumes", iqn: "iqn.2024-07.internal.netboot" } } }) };
    const golden = of("Volume", {}, volume({ size: "2GiB" })).inputs;
    const desk = of("Machine", {}, diskless({ boot: boot(1) })).inputs;
    for (const generation of [1, 2]) {
        assert.match(reasons(of("Volume", golden, volume({ size: "2GiB", generation, ...thin })))[0], /^master: master: its storage\.driver is "lvm-thin", and golden is kept by reflink: .* Write "reflink" again; or remove golden first/);
        assert.match(reasons(of("Machine", desk, diskless({ boot: boot(generation), ...thin })))[0], /its storage\.driver is "lvm-thin", and golden\+desk is kept by reflink/);
    }
});

test("a history: what it keeps is not said to be lost, and what it no longer keeps is", () => {
    const lost = (from: object, to: object) => of("Volume", of("Volume", {}, volume({ size: "2GiB", ...from })).inputs, volume({ size: "2GiB", ...to })).lost;
    assert.deepEqual(lost({ generation: 1 }, { generation: 2, history: 1 }), []);
    assert.deepEqual(lost({ generation: 3, history: 1 }, { generation: 4, history: 1 }), ["REMOVES generation 2 of golden, which its history no longer keeps"]);
    assert.deepEqual(lost({ generation: 5, history: 3 }, { generation: 5 }), ["REMOVES generations 2 to 4 of golden, which its history no longer keeps"]);
    assert.deepEqual(lost({ generation: 3, history: 2 }, { generation: 4 }), ["DISCARDS what is on golden, which is made anew (generation 3 → 4)"]);
});

const diskless = (more: object) => machine("desk", { mac: "52:54:00:00:02:01", pool: undefined, address: "10.0.0.21", __pool: handle({ ref: { name: "lan", mode: "authoritative", subnet: "10.0.0.0/24", reserved: [] } }), __master: storing, ...more });

test("a machine: what it no longer boots from is said to be removed, unless it is retained", () => {
    const boot = { kind: "diskless", volume: { name: "golden" }, generation: 3 };
    const before = of("Machine", {}, diskless({ boot }));
    assert.deepEqual([before.failures, before.lost], [[], []]);
    assert.deepEqual(of("Machine", before.inputs, diskless({ boot: { kind: "local" } })).lost, ["REMOVES golden+desk with all that is on it"]);
    assert.match(reasons(of("Machine", before.inputs, diskless({ boot: { ...boot, generation: 2 } })))[0], /^boot\.generation: boot\.generation is 2, and golden\+desk is of generation 3/);
    const data = (generation: number) => diskless({ boot: { ...boot, dataDisks: [{ volume: { name: "home" }, lun: 2, generation }] } });
    assert.match(reasons(of("Machine", of("Machine", {}, data(2)).inputs, data(1)))[0], /^boot\.dataDisks\[0\]\.generation: boot\.dataDisks\[0\]\.generation is 1, and home\+desk is of generation 2/);
    assert.deepEqual(of("Machine", of("Machine", {}, data(1)).inputs, diskless({ boot })).lost, ["REMOVES home+desk with all that is on it"]);
    const discarding = of("Machine", before.inputs, diskless({ boot: { ...boot, persist: "discard" } }));
    assert.deepEqual(discarding.lost, ["DISCARDS what is on golden+desk at the next boot of its machine, and at each one after that"]);
    assert.deepEqual(of("Machine", discarding.inputs, diskless({ boot: { ...boot, persist: "discard" } })).lost, []);
    const at = (at: number, more: object = {}) => diskless({ boot: { ...boot, volume: { name: "golden", generation: 2, history: 1 }, at, ...more } });
    assert.match(reasons(of("Machine", of("Machine", {}, at(1)).inputs, at(2)))[0], /^boot\.generation: boot\.generation is 3 as before, and what golden\+desk comes from is another: write 4/);
    assert.deepEqual(reasons(of("Machine", of("Machine", {}, at(1, { persist: "discard" })).inputs, at(2, { persist: "discard" }))), []);
    const stored = JSON.parse(JSON.stringify(of("Machine", {}, at(1)).inputs), (_, value) => (value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value));
    assert.deepEqual(reasons(of("Machine", stored, at(1))), [], "as state has it, with all keys in their order");
    assert.deepEqual(before.inputs, of("Machine", {}, diskless({ boot: { ...boot, volume: { name: "golden", generation: 9 } } })).inputs, "a copy that is kept has nothing of its volume's getting on");
    const kept = of("Machine", before.inputs, diskless({ boot: { ...boot, retain: true } })).inputs;
    assert.deepEqual(of("Machine", kept, diskless({ boot: { kind: "local" } })).lost, []);
});

const boot = (generation: number, more: object = {}) => ({ kind: "diskless", volume: { name: "golden" }, generation, ...more });

test("a fault is said of the field as it stands in the program now, and of a menu's disk as one", () => {
    const home = { volume: { name: "home" }, lun: 2, generation: 2 };
    const [before, now] = [[home], [{ volume: { name: "library" }, lun: 3 }, { ...home, generation: 1 }]].map((dataDisks) => diskless({ boot: boot(1, { dataDisks }) }));
    assert.match(reasons(of("Machine", of("Machine", {}, before).inputs, now))[0], /^boot\.dataDisks\[1\]\.generation: boot\.dataDisks\[1\]\.generation is 1, and home\+desk is of generation 2/);
    const menu = (generation: number) => diskless({ boot: { kind: "menu", menu: { name: "seats", reaches: [], disks: [boot(generation, { persist: "keep", retain: false })] } } });
    assert.match(reasons(of("Machine", of("Machine", {}, menu(3)).inputs, menu(2)))[0], /^boot: boot is the menu "seats", where the generation of golden is 2, and golden\+desk is of generation 3: write 3 to leave it as it is/);
});

test("a fault of a disk beside an installation, or Windows PE, is said of that disk's field", () => {
    const installing = handle({ ref: { ...master, host: "10.2.0.1", maxErase: 9, installers: true, storage: { driver: "reflink", path: "/srv/netboot/volumes", iqn: "iqn.2024-07.internal.netboot" } } });
    const disk = (generation: number, data = 2) => ({ kind: "diskless", volume: { name: "golden" }, generation, dataDisks: [{ volume: { name: "home" }, lun: 2, generation: data }] });
    const installer = { name: "other", digest: "5".repeat(64), family: "custom", kernel: "/blob/kernel", initrds: [], cmdline: "", template: "" };
    const winpe = { name: "pe", digest: "6".repeat(64), folder: `/winpe/${"6".repeat(16)}`, wimboot: { name: "wimboot", sha256: "7".repeat(64) } };
    for (const boot of [{ kind: "install", installer, generation: 1 }, { kind: "winpe", image: winpe }]) {
        const before = of("Machine", {}, diskless({ __master: installing, boot: { ...boot, disk: disk(2) } })).inputs;
        const said = (after: object) => reasons(of("Machine", before, diskless({ __master: installing, boot: { ...boot, disk: after } })));
        assert.match(said(disk(1))[0], /^boot\.disk\.generation: boot\.disk\.generation is 1, and golden\+desk is of generation 2/);
        assert.match(said(disk(2, 1))[0], /^boot\.disk\.dataDisks\[0\]\.generation: boot\.disk\.dataDisks\[0\]\.generation is 1, and home\+desk/);
    }
});

test("with something else not known yet, what disks would lose is said all the same, and no more than is known", () => {
    const before = of("Machine", {}, diskless({ boot: boot(1, { dataDisks: [{ volume: { name: "home" }, lun: 2 }] }) })).inputs;
    const unknown = (boot: unknown) => of("Machine", before, diskless({ boot, hostname: UNKNOWN }));
    assert.deepEqual(unknown(boot(2)).lost, ["DISCARDS what is on golden+desk, which is made anew (generation 1 → 2)"]);
    assert.deepEqual(unknown(UNKNOWN).lost, []);
    assert.deepEqual(unknown(boot(UNKNOWN as any)).lost, []);
});

test("at the next boot: what is lost then is said now; what its machine has not asked for yet may be taken back, or be done by up", () => {
    const of1 = (generation: number, when?: string) => diskless({ boot: boot(generation, when ? { when } : {}) });
    const before = of("Machine", {}, of1(1)).inputs;
    const waiting = of("Machine", before, of1(2, "nextBoot"));
    assert.deepEqual([waiting.failures, waiting.lost], [[], ["DISCARDS what is on golden+desk at the next boot of its machine, by which it is made anew (generation 1 → 2)"]]);
    assert.deepEqual(of("Machine", waiting.inputs, of1(2, "nextBoot")).lost, []);
    for (const back of [of1(1, "nextBoot"), of1(1)]) assert.deepEqual([reasons(of("Machine", waiting.inputs, back)), of("Machine", waiting.inputs, back).lost], [[], []]);
    assert.deepEqual(of("Machine", waiting.inputs, of1(2)).lost, ["DISCARDS what is on golden+desk if it is of a lower generation than 2 still: then it is made anew, and not at the next boot of its machine"]);
});

const on = (host: string, name: string) => ({ __master: handle({ ref: { ...master, name, host, storage: { driver: "reflink", path: "/srv/netboot/volumes", iqn: "iqn.2024-07.internal.netboot" } } }) });

test("on another host: each disk is said to be removed there, and one with copies is refused unless it is retained", () => {
    const [here, there] = [on("10.2.1.1", "one"), on("10.2.1.2", "two")];
    const before = of("Volume", {}, volume({ size: "2GiB", generation: 3, ...here }));
    const desk = of("Machine", {}, diskless({ boot: boot(1), ...here })).inputs;
    const kept = of("Machine", {}, diskless({ boot: boot(1, { retain: true }), ...here })).inputs;
    const away = (olds: any) => of("Machine", olds, diskless({ boot: boot(1), ...there }));
    assert.deepEqual([away(desk).failures, away(desk).lost, away(kept).lost], [[], ["REMOVES golden+desk with all that is on it from 10.2.1.1, as what it belongs to goes to 10.2.1.2"], []]);
    assert.deepEqual(of("Machine", desk, diskless({ boot: boot(1), hostname: UNKNOWN, ...there })).lost, away(desk).lost, "with something else not known yet");

    const moved = of("Volume", before.inputs, volume({ size: "1GiB", ...there }));
    assert.deepEqual([moved.failures, moved.lost], [[], ["REMOVES golden with all that is on it from 10.2.1.1, as what it belongs to goes to 10.2.1.2"]], "it has no generation there yet, and no size");
    assert.match(reasons(away(desk))[0], /^master: master: on 10\.2\.1\.1 golden\+desk is a copy of golden, which leaves that host in this run, and a volume with copies is not removed: write retain: true on golden first/);
    assert.match(reasons(of("Machine", desk, diskless({ boot: { kind: "local" }, ...here })))[0], /^boot: boot: on 10\.2\.1\.1 golden\+desk is a copy of golden/, "it goes too, but not before");

    const [home, then] = [on("10.2.1.3", "one"), on("10.2.1.4", "two")];
    of("Volume", of("Volume", {}, volume({ size: "2GiB", retain: true, ...home })).inputs, volume({ size: "2GiB", ...then }));
    assert.deepEqual(of("Machine", of("Machine", {}, diskless({ boot: boot(1), ...home })).inputs, diskless({ boot: boot(1), ...then })).failures, []);
});

test("with its master on another host: disks stay on the old one, and nothing is refused", () => {
    const [here, there] = [on("10.2.2.1", "lab"), on("10.2.2.2", "lab")];
    of("MasterServer", of("MasterServer", {}, { ...masterServer, host: "10.2.2.1" }).inputs, { ...masterServer, host: "10.2.2.2" });
    const golden = of("Volume", of("Volume", {}, volume({ size: "2GiB", ...here })).inputs, volume({ size: "2GiB", ...there }));
    const desk = of("Machine", of("Machine", {}, diskless({ boot: boot(1), ...here })).inputs, diskless({ boot: boot(1), ...there }));
    const words = (name: string) => `LEAVES ${name} with all that is on it on 10.2.2.1, where it is nobody's: on 10.2.2.2 it is made anew or, if that is the same host, taken up again`;
    assert.deepEqual([golden.failures, golden.lost, desk.failures, desk.lost], [[], [words("golden")], [], [words("golden+desk")]]);
});
