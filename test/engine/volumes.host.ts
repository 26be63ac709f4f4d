// Volumes on a host without a machine: the real scripts and tools, in memory, where a plain copy stands for one that shares its blocks.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { after, test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { ingest } from "../../provider/dist/resources/diskImage/scripts.js";
import { disk, MIB, noise, sha256Of } from "../image/disk.ts";
import { blocksOf } from "../../provider/dist/engine/blocks.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { gone, urn } from "./site.ts";

const hosts: FastHost[] = [];
after(() => hosts.forEach((host) => host.remove()));
const template = fastHost();
await template.shell("mkdir -p /srv/netboot/pool; for p in zstd xxhash; do touch /stub/dpkg/$p /stub/repo/$p; done");
hosts.push(template);
function newHost(from = template): FastHost {
  const host = from.copy();
  hosts.push(host);
  return host;
}
const engineOn = (host: FastHost, cut?: any) => createEngine(host.connect(cut), { watch: 0, patience: 20, who: "a test" });
const outcome = (work: Promise<any>): Promise<any> => work.then((result) => ({ result }), (error) => ({ error }));

const POOL = "/srv/netboot/pool";
const at = (name: string) => `${POOL}/${name}`;
const volume = (name: string, spec: object): any => ({ owner: urn("Volume", name), label: `Volume "${name}"`, want: { volumes: { [at(name)]: { driver: "reflink", generation: 1, ...spec } } } });
const copy = (name: string, of: string, spec: object = {}) => volume(name, { from: { volume: at(of) }, ...spec });
const content = (host: FastHost, name: string, generation = 1) => readFileSync(host.path(`${at(name)}/disk.${generation}`));
const lineage = (host: FastHost, name: string) => readFileSync(host.path(`${at(name)}/lineage`), "utf8");
const MARK = ".netboot-store";
const names = (host: FastHost) => readdirSync(host.path(POOL)).filter((name) => name !== MARK).sort();
const write = (host: FastHost, name: string, text: string, generation = 1) => host.shell(`printf %s '${text}' | dd of=${at(name)}/disk.${generation} conv=notrunc status=none`);
const session = (store: string, address: string) => `Target 1: iqn.x:y\n    I_T nexus information:\n        I_T nexus: 1\n                IP Address: ${address}\n    LUN information:\n        LUN: 1\n            Backing store path: ${store}\n    Account information:\n    ACL information:\n`;

test("empty: made sparse with its lineage, found as wanted again, grown, never made smaller, gone without a trace", async () => {
  const host = newHost();
  const engine = engineOn(host);
  await engine.reconcile(volume("data", { size: MIB }));
  assert.equal(lineage(host, "data"), "netboot-volume 1\ndriver reflink\ngeneration 1\nfrom empty\n");
  assert.equal(content(host, "data").length, MIB);
  assert.equal(statSync(host.path(at("data"))).mode & 0o777, 0o700);
  assert.equal(statSync(host.path(`${at("data")}/disk.1`)).mode & 0o777, 0o600);
  assert.deepEqual((await engineOn(host).reconcile(volume("data", { size: MIB }))).changed, []);
  await write(host, "data", "mine");
  assert.deepEqual((await engineOn(host).reconcile(volume("data", { size: 2 * MIB }))).changed.map(({ why }: any) => why), [`size ${MIB} → ${2 * MIB}`]);
  assert.equal(content(host, "data").subarray(0, 4).toString(), "mine");
  assert.equal(content(host, "data").length, 2 * MIB);
  assert.match((await outcome(engineOn(host).reconcile(volume("data", { size: MIB })))).error.message, /has 2097152 bytes, and 1048576 are declared: a disk is not made smaller/);
  await engineOn(host).reconcile(gone(volume("data", {})));
  assert.deepEqual(host.snapshot(), newHost().snapshot());
});

test("groups of new volumes cost no further probe, and one that was kept is found before it is made anew", async () => {
  const host = newHost();
  await engineOn(host).reconcile(volume("kept", { size: MIB, retain: true }));
  await write(host, "kept", "mine");
  await engineOn(host).reconcile(gone(volume("kept", {})));
  const engine = engineOn(host);
  for (let n = 0; n < 5; n++) await Promise.all(Array.from({ length: 8 }, (_, i) => engine.reconcile(volume(`v${n}-${i}`, { size: MIB }))));
  assert.deepEqual([engine.counts.probes, engine.counts.commits], [1, 5]);
  await Promise.all([volume("kept", { size: MIB }), volume("other", { size: MIB })].map((op) => engine.reconcile(op)));
  assert.equal(content(host, "kept").subarray(0, 4).toString(), "mine");
  assert.deepEqual([engine.counts.probes, engine.counts.commits], [2, 6]);
});

test("copies: of what the parent holds now; a child stays what it is when its parent gets on, and goes before its parent", async () => {
  const host = newHost();
  const engine = engineOn(host);
  await engine.reconcile(volume("golden", { size: MIB }));
  await write(host, "golden", "first");
  await Promise.all(["a", "b"].map((name) => engine.reconcile(copy(name, "golden", name === "b" ? { size: 2 * MIB } : {}))));
  assert.equal(lineage(host, "a"), `netboot-volume 1\ndriver reflink\ngeneration 1\nfrom volume ${at("golden")} 1\n`);
  assert.deepEqual(["a", "b"].map((name) => content(host, name).subarray(0, 5).toString()), ["first", "first"]);
  assert.equal(content(host, "b").length, 2 * MIB);

  const refused = await outcome(engineOn(host).reconcile(gone(volume("golden", {}))));
  assert.match(refused.error.message, /pool\/golden could not be changed, and is as it was\.\n  it has children: a b\n/);
  assert.ok(existsSync(host.path(`${at("golden")}/disk.1`)));

  await engineOn(host).reconcile(volume("golden", { size: MIB, generation: 2 }));
  assert.deepEqual((await engineOn(host).reconcile(copy("a", "golden"))).changed, []);
  assert.deepEqual(readdirSync(host.path(at("golden"))).sort(), ["disk.2", "lineage"]);
  await write(host, "golden", "second", 2);
  await write(host, "b", "mine");
  assert.deepEqual((await engineOn(host).reconcile(copy("a", "golden", { generation: 2 }))).changed.map(({ why }: any) => why), ["generation 1 → 2: made anew"]);
  assert.equal(content(host, "a", 2).subarray(0, 6).toString(), "second");
  assert.equal(content(host, "b").subarray(0, 4).toString(), "mine");

  // All at once, as when the master itself goes with what is left.
  await Promise.all(["a", "b", "golden"].map((name) => engineOn(host).reconcile(gone(volume(name, {}))).catch(() => undefined)));
  await engineOn(host).reconcile(gone(volume("golden", {})));
  assert.deepEqual(names(host), []);
});

test("what is open is neither made anew nor removed; whatever else is wanted in the same commit is done", async () => {
  const host = newHost();
  await engineOn(host).reconcile(volume("a", { size: MIB }));
  await host.shell(`printf '%s' '${session(`${at("a")}/disk.1`, "10.0.0.21")}' >/stub/targets`);
  for (const op of [volume("a", { size: MIB, generation: 2 }), gone(volume("a", {}))]) {
    const engine = engineOn(host);
    const [a, b] = await Promise.all([op, volume("b", { size: MIB })].map((one) => outcome(engine.reconcile(one))));
    assert.match(a.error.message, /it is open: 10\.0\.0\.21 has a session on it/);
    assert.ok(b.result, String(b.error));
    assert.equal(content(host, "a").length, MIB);
  }
  assert.deepEqual((await engineOn(host).observe(volume("a", { size: MIB }))).state, volume("a", { size: MIB }).want);
});

test("another content, driver or a lower generation under one number is refused, and nothing is lost", async () => {
  const host = newHost();
  await engineOn(host).reconcile(volume("a", { size: MIB, generation: 3 }));
  await write(host, "a", "mine", 3);
  for (const [spec, words] of [
    [{ driver: "zfs", size: MIB, generation: 4 }, /is kept by reflink, and zfs is declared/],
    [{ size: MIB, generation: 2 }, /is of generation 3 already, and 2 is declared/],
    [{ from: { image: "ab".repeat(32) }, generation: 3 }, /came from empty, and image (ab)+ is declared/],
    [{ from: { volume: at("x") }, generation: 4 }, /\/pool\/x, which it is to be a copy of, is not there/],
    [{ from: { image: "ab".repeat(32) }, generation: 4 }, /its image (ab)+ is not on the master/],
  ] as const) assert.match((await outcome(engineOn(host).reconcile(volume("a", spec)))).error.message, words);
  assert.equal(content(host, "a", 3).subarray(0, 4).toString(), "mine");
  await host.shell(`mkdir ${at("theirs")}; echo 1 >${at("theirs")}/disk.1`);
  assert.match((await outcome(engineOn(host).reconcile(volume("theirs", { size: MIB })))).error.message, /not ours/);
});

test("a master that is to have another driver is left alone while there are volumes, which are named; without them it is not", async () => {
  const host = newHost();
  const master = (driver: string): any => ({ owner: urn("MasterServer", "lab"), label: "lab", want: { files: { "/etc/netboot/iscsi.conf": `${driver}\n` } }, checks: [{ check: "driver", driver }] });
  await engineOn(host).reconcile(master("reflink"));
  const all = (wish: (op: any) => any) => { const engine = engineOn(host); return Promise.all(Array.from({ length: 12 }, (_, n) => engine.reconcile(wish(volume(`v${n + 10}`, { size: MIB }))))); };
  await all((op) => op);
  await engineOn(host).reconcile(master("reflink"));
  const { error } = await outcome(engineOn(host).reconcile(master("lvm-thin")));
  assert.match(error.message, /storage\.driver is lvm-thin, and reflink keeps \/srv\/netboot\/pool\/v10, .*\/v19 and 2 more\.\nWrite storage: \{ driver: "reflink" \} again; or remove those volumes first/);
  assert.equal(readFileSync(host.path("/etc/netboot/iscsi.conf"), "utf8"), "reflink\n");
  await all(gone);
  await engineOn(host).reconcile(master("lvm-thin"));
  assert.equal(readFileSync(host.path("/etc/netboot/iscsi.conf"), "utf8"), "lvm-thin\n");
});

test("removed by hand: shown, and made again; kept where that is declared, and taken up again", async () => {
  const host = newHost();
  await engineOn(host).reconcile(volume("a", { size: MIB, retain: true }));
  await host.shell(`rm ${at("a")}/disk.1`);
  assert.deepEqual((await engineOn(host).observe(volume("a", { size: MIB }))).state.volumes, {});
  assert.deepEqual((await engineOn(host).reconcile(volume("a", { size: MIB, retain: true }))).changed.map(({ why }: any) => why), ["its disk is gone"]);
  await write(host, "a", "mine");
  await engineOn(host).reconcile(gone(volume("a", {})));
  await engineOn(host).reconcile(volume("a", { size: MIB }));
  assert.equal(content(host, "a").subarray(0, 4).toString(), "mine");
});

test("a parent that was removed by hand is shown and made again; its copies keep what is on them, and stay", async () => {
  for (const what of ["/disk.1", ""]) {
    const host = newHost();
    const golden = volume("golden", { size: MIB });
    await engineOn(host).reconcile(golden);
    await write(host, "golden", "gold");
    await engineOn(host).reconcile(copy("a", "golden"));
    await host.shell(`rm -r ${at("golden")}${what}`);
    assert.deepEqual((await engineOn(host).observe(golden)).state.volumes, {});
    assert.deepEqual((await engineOn(host).reconcile(copy("a", "golden"))).changed, []);
    assert.equal((await engineOn(host).reconcile(golden)).changed.length, 1);
    assert.deepEqual(["golden", "a"].map((name) => content(host, name).subarray(0, 4).toString()), ["\0\0\0\0", "gold"]);
  }
});

test("a store that is not mounted is refused by name, whatever is wanted of it, and nothing is made beside it; one that was emptied by hand is not", async () => {
  const host = newHost();
  await engineOn(host).reconcile(volume("golden", { size: MIB }));
  await engineOn(host).reconcile(copy("a", "golden"));
  await write(host, "a", "mine");
  await host.shell(`mv ${POOL} /srv/elsewhere && mkdir ${POOL}`);
  for (const op of [volume("golden", { size: MIB }), copy("a", "golden", { generation: 2 }), volume("new", { size: MIB })]) {
    const { error } = await outcome(engineOn(host).reconcile(op));
    assert.match(error.message, /its store \/srv\/netboot\/pool has neither the volumes that were made there nor the file \.netboot-store: is its file system mounted\? .* touch \/srv\/netboot\/pool\/\.netboot-store/);
    assert.deepEqual(readdirSync(host.path(POOL)), []);
  }
  await host.shell(`rmdir ${POOL} && mv /srv/elsewhere ${POOL}`);
  assert.deepEqual((await engineOn(host).reconcile(copy("a", "golden"))).changed, []);
  assert.equal(content(host, "a").subarray(0, 4).toString(), "mine");

  await host.shell(`rm ${POOL}/${MARK}`);
  await engineOn(host).reconcile(volume("new", { size: MIB }));
  assert.ok(existsSync(host.path(`${POOL}/${MARK}`)), "one of before there was such a file is known by its volumes");
  await host.shell(`rm -r ${POOL}/*`);
  assert.deepEqual((await engineOn(host).reconcile(volume("golden", { size: MIB }))).changed.map(({ why }: any) => why), ["missing"]);
});

test("of a first volume that is refused no mark is left; the last one takes it along", async () => {
  const host = newHost();
  assert.ok((await outcome(engineOn(host).reconcile(copy("a", "golden")))).error);
  assert.deepEqual(readdirSync(host.path(POOL)), []);
  await engineOn(host).reconcile(volume("a", { size: MIB }));
  await engineOn(host).reconcile(volume("b", { size: MIB }));
  await engineOn(host).reconcile(gone(volume("a", {})));
  assert.deepEqual(readdirSync(host.path(POOL)).sort(), [MARK, "b"]);
  await engineOn(host).reconcile(gone(volume("b", {})));
  assert.deepEqual(readdirSync(host.path(POOL)), []);
});

test("a history from 9 to 10: generations are numbers", async () => {
  const host = newHost();
  for (const generation of [9, 10, 11]) await engineOn(host).reconcile(volume("a", { size: MIB, generation, history: 2 }));
  assert.deepEqual(readdirSync(host.path(at("a"))).sort(), ["disk.10", "disk.11", "disk.9", "lineage"]);
  await host.shell(`touch ${at("a")}/disk.100`);
  assert.deepEqual((await engineOn(host).reconcile(volume("a", { size: MIB, generation: 11, history: 2 }))).changed.map(({ why }: any) => why), ["a disk of another generation is left"]);
  assert.deepEqual(readdirSync(host.path(at("a"))).sort(), ["disk.10", "disk.11", "disk.9", "lineage"]);
});

test("what someone puts beside a disk by hand is nobody's generation: nothing is to be done, and it stays", async () => {
  const host = newHost();
  await engineOn(host).reconcile(volume("a", { size: MIB, generation: 2, history: 1 }));
  await host.shell(`cd ${at("a")} && cp disk.2 disk.2.bak && cp disk.2 disk.old`);
  assert.deepEqual((await engineOn(host).reconcile(volume("a", { size: MIB, generation: 2, history: 1 }))).changed, []);
  await engineOn(host).reconcile(volume("a", { size: MIB, generation: 3 }));
  assert.deepEqual(readdirSync(host.path(at("a"))).sort(), ["disk.2.bak", "disk.3", "disk.old", "lineage"]);
});

test("a copy that is kept when its machine goes does not keep its parent", async () => {
  const host = newHost();
  await engineOn(host).reconcile(volume("golden", { size: MIB }));
  await engineOn(host).reconcile(copy("a", "golden", { retain: true }));
  assert.match((await outcome(engineOn(host).reconcile(gone(volume("golden", {}))))).error.message, /it has children: a/);
  await engineOn(host).reconcile(gone(copy("a", "golden")));
  await engineOn(host).reconcile(gone(volume("golden", {})));
  assert.deepEqual(names(host), ["a"]);
});

test("when the master itself goes, by a move to another name, disks stay and are nobody's; under the other name they are taken up as they are", async () => {
  const host = newHost();
  await engineOn(host).reconcile(volume("golden", { size: MIB }));
  await engineOn(host).reconcile(copy("a", "golden"));
  await write(host, "a", "mine");
  await engineOn(host).reconcile({ owner: urn("MasterServer", "lab"), label: "lab", sweep: true } as any);
  assert.ok(!existsSync(host.path("/var/lib/netboot/owners")));
  for (const op of [gone(volume("golden", {})), volume("golden", { size: MIB }), gone(copy("a", "golden")), copy("a", "golden")]) await engineOn(host).reconcile(op);
  assert.equal(content(host, "a").subarray(0, 4).toString(), "mine");
});

test("a history: earlier generations stay for copies to be made of, as many as are declared; one that is not there is refused by name", async () => {
  const host = newHost();
  const golden = (generation: number, history: number) => volume("golden", { size: MIB, generation, ...(history && { history }) });
  const disks = () => readdirSync(host.path(at("golden"))).sort().join(" ");
  for (const n of [1, 2, 3]) {
    await engineOn(host).reconcile(golden(n, 1));
    await write(host, "golden", `golden${n}`, n);
  }
  assert.equal(disks(), "disk.2 disk.3 lineage");
  assert.equal(lineage(host, "golden"), "netboot-volume 1\ndriver reflink\ngeneration 3\nfrom empty\nhistory 1\n");
  assert.deepEqual((await engineOn(host).reconcile(golden(3, 1))).changed, []);
  await engineOn(host).reconcile(copy("now", "golden"));
  await engineOn(host).reconcile(volume("before", { from: { volume: at("golden"), at: 2 } }));
  assert.deepEqual(["now", "before"].map((name) => content(host, name).subarray(0, 7).toString()), ["golden3", "golden2"]);
  assert.match(lineage(host, "before"), /^from volume .*golden 2$/m);
  assert.match((await outcome(engineOn(host).reconcile(volume("first", { from: { volume: at("golden"), at: 1 } })))).error.message, /golden, which it is to be a copy of, is of generation 3 and keeps no generation 1/);
  assert.match((await outcome(engineOn(host).reconcile(gone(golden(3, 1))))).error.message, /it has children: before now/);

  assert.deepEqual((await engineOn(host).reconcile(golden(3, 0))).changed.map(({ why }: any) => why), ["history 1 → 0"]);
  assert.equal(disks(), "disk.3 lineage");
  assert.deepEqual((await engineOn(host).reconcile(golden(3, 4))).changed.map(({ why }: any) => why), ["history 0 → 4"]);
  assert.deepEqual((await engineOn(host).observe(golden(3, 4))).state, golden(3, 4).want);
  await host.shell(`touch ${at("golden")}/disk.4`);
  assert.deepEqual((await engineOn(host).reconcile(golden(3, 4))).changed.map(({ why }: any) => why), ["a disk of another generation is left"]);
  for (const name of ["now", "before", "golden"]) await engineOn(host).reconcile(gone(volume(name, {})));
  assert.deepEqual(names(host), []);
});

test("what a machine has made of its copy becomes the next generation; not while it is open; the copy may go after that", async () => {
  const host = newHost();
  const golden = (generation: number, spec: object) => volume("golden", { generation, history: 1, ...spec });
  const next = golden(2, { from: { copy: at("golden+teacher") } });
  await engineOn(host).reconcile(golden(1, { size: MIB }));
  await write(host, "golden", "golden");
  for (const name of ["golden+teacher", "golden+seat"]) await engineOn(host).reconcile(copy(name, "golden"));
  await write(host, "golden+teacher", "better");
  await host.shell(`printf '%s' '${session(`${at("golden+teacher")}/disk.1`, "10.0.0.21")}' >/stub/targets`);
  const { message } = (await outcome(engineOn(host).reconcile(next))).error;
  assert.equal(lineage(host, "golden").match(/^generation .*/m)![0], "generation 1");
  // The machine is off, and tgt does not know: what the words say is done as they say it.
  const [, end] = /golden\+teacher, which it is to be a copy of, is open: 10\.0\.0\.21 has a session on it\. Shut that machine down first; if it is off already, say on the master: (tgtadm .*)$/m.exec(message)!;
  await host.shell(end!);
  await engineOn(host).reconcile(next);
  assert.equal(content(host, "golden", 2).subarray(0, 6).toString(), "better");
  assert.equal(content(host, "golden", 1).subarray(0, 6).toString(), "golden");
  assert.match(lineage(host, "golden"), /^from copy .*golden\+teacher 1$/m);
  assert.deepEqual((await engineOn(host).reconcile(next)).changed, []);
  assert.equal(content(host, "golden+seat").subarray(0, 6).toString(), "golden", "the others go on with theirs");
  await host.shell(": >/stub/targets");
  await engineOn(host).reconcile(gone(copy("golden+teacher", "golden")));
  assert.deepEqual(names(host), ["golden", "golden+seat"]);
});

const raw = disk("volume", { size: 72 * MIB, gpt: true, pieces: [[MIB, noise("a", 3 * MIB)], [65 * MIB + 17, noise("b", MIB)], [70 * MIB + 5, noise("c", 2 * MIB - 5)]] });
/** A host with that image taken in. */
async function withImage(): Promise<{ host: FastHost; sha256: string }> {
  const host = newHost();
  const sha256 = sha256Of(raw);
  const place = `/srv/netboot/http/images/${sha256}`;
  copyFileSync(raw, host.path("/tmp/raw"));
  await engineOn(host).reconcile({
    owner: urn("DiskImage", "i"), label: "i",
    want: { directories: { "/srv/netboot/http/images": "0755", "/srv/netboot/http/chunks": "0755" }, artifacts: { [place]: { recipe: sha256 } } },
    builds: { [place]: { script: ingest("i", sha256, { from: "master", where: "/tmp/raw" }) } },
  } as any);
  return { host, sha256 };
}

test("from an image: its very bytes, sparse; a chunk that went bad is named, and nothing is made of it", async () => {
  const { host, sha256 } = await withImage();
  await engineOn(host).reconcile(volume("golden", { from: { image: sha256 } }));
  assert.equal(createHash("sha256").update(content(host, "golden")).digest("hex"), sha256);
  assert.ok(statSync(host.path(`${at("golden")}/disk.1`)).blocks * 512 < 12 * MIB);
  await engineOn(host).reconcile(volume("large", { from: { image: sha256 }, size: 80 * MIB }));
  assert.equal(content(host, "large").length, 80 * MIB);
  assert.match((await outcome(engineOn(host).reconcile(volume("small", { from: { image: sha256 }, size: MIB })))).error.message, /it is to have 1048576 bytes, and what it comes from has 75497472/);
  await host.shell("f=$(find /srv/netboot/http/chunks -type f | head -n 1); printf x | dd of=$f bs=1 seek=20 conv=notrunc");
  assert.match((await outcome(engineOn(host).reconcile(volume("other", { from: { image: sha256 } })))).error.message, /part \d of its image \w+ is not what it was/);
  assert.ok(!existsSync(host.path(at("other"))), "of a volume that could not be made nothing stays");
  assert.equal((await blocksOf(host.path(`${at("golden")}/disk.1`))).sha256, sha256);
});

test("one disk that the store could never hold is refused, new, grown or of an image, before anything is made; what else is wanted is done", async () => {
  const { host, sha256 } = await withImage();
  await engineOn(host).reconcile(volume("grown", { size: MIB }));
  for (const [op, bytes] of [[volume("large", { size: 2 ** 50 }), 2 ** 50], [volume("grown", { size: 2 ** 50 }), 2 ** 50]] as const) {
    const engine = engineOn(host);
    const [large, b] = await Promise.all([op, volume("b", { size: MIB })].map((one) => outcome(engine.reconcile(one))));
    assert.match(large.error.message, new RegExp(`it is to have ${bytes} bytes, and its store ${POOL} has \\d+ in all: write a smaller size, or make that larger`));
    assert.ok(b.result, String(b.error));
  }
  assert.deepEqual([names(host), content(host, "grown").length], [["b", "grown"], MIB]);
  const small = newHost(host);
  await small.shell("printf '#!/bin/sh\\n/usr/bin/df \"$@\" | awk \"NR == 2 { \\$2 = 70000000 } { print }\"\\n' >/stub/bin/df; chmod 755 /stub/bin/df");
  assert.match((await outcome(engineOn(small).reconcile(volume("golden", { from: { image: sha256 } })))).error.message, /it is to have 75497472 bytes, and its store \/srv\/netboot\/pool has 70000000 in all/);
  assert.deepEqual(names(small), ["b", "grown"]);
});

test("killed at any tool while a volume is made, made anew, promoted, grown or removed: old or new, and the next run comes to its end", async () => {
  const base = newHost();
  await engineOn(base).reconcile(volume("golden", { size: MIB }));
  await write(base, "golden", "golden");
  const made = (host: FastHost) => engineOn(host).reconcile(copy("a", "golden"));
  const mine = async (host: FastHost) => (await made(host), write(host, "a", "mine!!"));
  const improved = async (host: FastHost) => (await mine(host), await engineOn(host).reconcile(copy("b", "golden")), write(host, "b", "better"));
  const lives: { what: string; prepare?: (host: FastHost) => Promise<unknown>; op: any; has: Record<number, string>; ends: string[] }[] = [
    { what: "make", op: copy("a", "golden"), has: { 1: "golden" }, ends: ["disk.1", "lineage"] },
    { what: "make anew", prepare: mine, op: copy("a", "golden", { generation: 2 }), has: { 1: "mine!!", 2: "golden" }, ends: ["disk.2", "lineage"] },
    { what: "promote", prepare: improved, op: volume("a", { from: { copy: at("b") }, generation: 2, history: 1 }), has: { 1: "mine!!", 2: "better" }, ends: ["disk.1", "disk.2", "lineage"] },
    { what: "grow", prepare: mine, op: copy("a", "golden", { size: 2 * MIB }), has: { 1: "mine!!" }, ends: ["disk.1", "lineage"] },
    { what: "remove", prepare: made, op: gone(copy("a", "golden")), has: { 1: "golden" }, ends: [] },
  ];
  for (const { what, prepare, op, has, ends } of lives) {
    const ready = newHost(base);
    await prepare?.(ready);
    const probe = newHost(ready);
    probe.killAt = 1e9;
    await engineOn(probe).reconcile(op);
    let killed = 0;
    for (let n = 3; n <= probe.tools(); n += 29) {
      const host = newHost(ready);
      host.killAt = n;
      await outcome(engineOn(host, { at: 3, when: "before" }).reconcile(op));
      if (host.tools() >= n) killed++;
      host.killAt = 0;
      const where = `${what}, killed at tool ${n}`;
      if (existsSync(host.path(`${at("a")}/lineage`))) {
        const generation = Number(/^generation (\d+)$/m.exec(lineage(host, "a"))![1]);
        assert.equal(content(host, "a", generation).subarray(0, 6).toString(), has[generation], where);
      }
      await engineOn(host).reconcile(op);
      assert.deepEqual(existsSync(host.path(at("a"))) ? readdirSync(host.path(at("a"))).sort() : [], ends, where);
      if (what === "promote") assert.deepEqual([content(host, "a", 1), content(host, "a", 2), content(host, "b")].map((disk) => disk.subarray(0, 6).toString()), ["mine!!", "better", "better"], where);
      if (what === "grow") assert.equal(content(host, "a").length, 2 * MIB, where);
      assert.equal((await engineOn(host).reconcile(op)).changed.length, 0, where);
      host.remove();
    }
    assert.ok(killed >= 4, `${what}: killed ${killed} times`);
  }
});
