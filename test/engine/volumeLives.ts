// A site with disks of the master, and four moments of its life: made, one machine's disk made anew, one machine's disk promoted, removed. By the product's own resources, but for what a master is beside its disks.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { disklessState } from "../../provider/dist/boot/diskless.js";
import { storageState } from "../../provider/dist/resources/masterServer/storage.js";
import type { FastHost } from "./fastHost.ts";
import { done } from "./fault.ts";
import type { Life } from "./matrix.ts";
import { gone, urn } from "./site.ts";

const MIB = 1 << 20;
const STORE = "/srv/netboot/volumes";
const storage = { driver: "reflink", path: STORE, iqn: "iqn.2024-07.internal.netboot", warnPercent: 80, refusePercent: 90 };
const master: any = { name: "lab", address: "10.0.0.2", storage, retries: { count: 3, waitSeconds: 5, stallSeconds: 30 } };
const machines = { a: 21, b: 22 };
const at = (name: string, file = "") => `${STORE}/${name}/${file}`;

/** What a host has that is to keep disks. */
export const plain = (host: FastHost) => host.shell(`mkdir -p ${STORE}; touch /stub/repo/tgt`);

/** In which generation the machine `a` and the golden disk are; the second golden disk is what `a` has made of the first. */
function site({ reset = 1, golden = 1 } = {}): any[] {
  const { packages, directories, files, services } = storageState(master);
  const machine = (name: keyof typeof machines, generation: number) =>
    ({ owner: urn("Machine", name), label: `Machine "${name}"`, want: disklessState({ name, master, address: `10.0.0.${machines[name]}`, boot: { kind: "diskless", volume: { name: "golden" }, persist: "keep", generation, retain: false } } as any) });
  const spec = { driver: "reflink", generation: golden, history: 1, ...(golden === 1 ? { size: MIB } : { from: { copy: `${STORE}/golden+a` } }) };
  return [
    { owner: urn("MasterServer", "lab"), label: 'MasterServer "lab"', want: { packages, directories, files, services } },
    { owner: urn("Volume", "golden"), label: 'Volume "golden"', want: { volumes: { [`${STORE}/golden`]: spec } } },
    machine("a", reset), machine("b", 1),
  ];
}

const begins = (host: FastHost, name: string, generation: number) => readFileSync(host.path(at(name, `disk.${generation}`))).subarray(0, 6).toString().replaceAll("\0", "");
const write = (host: FastHost, name: string, text: string) => host.shell(`printf ${text} | dd of=${at(name, "disk.1")} conv=notrunc status=none`);

/** In service, and each disk with something of its own on it. */
async function used(host: FastHost): Promise<void> {
  await done(host, site());
  for (const [name, text] of [["golden", "golden"], ["golden+a", "mine-a"], ["golden+b", "mine-b"]] as const) await write(host, name, text);
}

/** By volume and generation, what a disk that its lineage names may begin with. */
type Disks = Record<string, Record<number, string>>;
const empty: Disks = { golden: { 1: "" }, "golden+a": { 1: "" }, "golden+b": { 1: "" } };
const before: Disks = { golden: { 1: "golden" }, "golden+a": { 1: "mine-a" }, "golden+b": { 1: "mine-b" } };

/** What is there has a whole disk, of before or of after. `all`: of what was there before nothing is missing. */
const whole = (disks: Disks, all: boolean) => (host: FastHost) => {
  for (const [name, generations] of Object.entries(disks)) {
    const lineage = host.path(at(name, "lineage"));
    if (!all && !existsSync(lineage)) continue;
    const generation = Number(/^generation (\d+)$/m.exec(readFileSync(lineage, "utf8"))![1]);
    assert.equal(begins(host, name, generation), generations[generation], `${name}, generation ${generation}`);
    assert.equal(readFileSync(host.path(at(name, `disk.${generation}`))).length, MIB, `${name} is torn`);
  }
};

/** Exactly these disks, and each machine is told of its own, with the secret that is asked for. */
const holds = (disks: Disks) => (host: FastHost) => {
  for (const [name, generations] of Object.entries(disks)) {
    assert.deepEqual(readdirSync(host.path(at(name))).sort(), [...Object.keys(generations).map((n) => `disk.${n}`), "lineage"]);
    for (const [n, text] of Object.entries(generations)) assert.equal(begins(host, name, Number(n)), text, `${name}, generation ${n}`);
  }
  const offered = readFileSync(host.path("/stub/targets"), "utf8");
  for (const [name, last] of Object.entries(machines)) {
    const [generation] = Object.keys(disks[`golden+${name}`]!);
    const conf = readFileSync(host.path(`/etc/netboot/iscsi/${storage.iqn}:${name}:golden.conf`), "utf8");
    const told = readFileSync(host.path(`/srv/netboot/http/san/10.0.0.${last}-golden.ipxe`), "utf8");
    assert.equal(/^set password (.*)$/m.exec(told)![1], /incominguser \S+ (\S+)/.exec(conf)![1], `${name} is told another secret`);
    for (const text of [conf, offered]) assert.ok(text.includes(at(`golden+${name}`, `disk.${generation}`)), `${name} is not offered its disk`);
  }
  assert.equal(offered.match(/^Target /gm)!.length, 2);
  for (const unit of ["netboot-iscsi.service", "netboot-fresh.path"]) assert.match(readFileSync(host.path(`/stub/unit/${unit}`), "utf8"), /enabled=enabled\nactive=active/);
};

const reset: Disks = { ...before, "golden+a": { 2: "golden" } };
const promoted: Disks = { ...before, golden: { 1: "golden", 2: "mine-a" } };
const either = (then: Disks): Disks => Object.fromEntries(Object.entries(before).map(([name, disks]) => [name, { ...disks, ...then[name] }]));

export const volumeLives: Record<string, Life> = {
  "disks made": { work: () => site(), whole: whole(empty, false), holds: holds(empty) },
  "a disk made anew": { before: used, work: () => site({ reset: 2 }), whole: whole(either(reset), true), holds: holds(reset) },
  "a disk promoted": { before: used, work: () => site({ golden: 2 }), whole: whole(either(promoted), true), holds: holds(promoted) },
  "disks removed": { before: used, work: () => site().map(gone), whole: whole(before, false), ends: true },
};
