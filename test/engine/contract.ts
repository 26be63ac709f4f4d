// What every way of keeping volumes has to keep to, whoever keeps them: on a host without a machine with tools of files, and on a virtual machine with the real ones.
import assert from "node:assert/strict";
import { createEngine } from "../../provider/dist/engine/index.js";
import { ingest } from "../../provider/dist/resources/diskImage/scripts.js";
import { gone, urn } from "./site.ts";

export const MIB = 1 << 20;
export const STORE = "/srv/netboot/pool";

/** A host that keeps volumes, as a test sees it. */
export interface Keeper {
  driver: string;
  connect: () => Promise<any>;
  shell(script: string): Promise<{ stdout: string; stderr?: string; code: number }>;
  /** What lies where devices are: names of logical volumes, of ZFS volumes; nothing where a disk is a file. */
  devices(): Promise<string[]>;
}

export const engineOf = ({ connect }: Keeper) => createEngine(connect, { watch: 0, patience: 60, who: "a test" });
export const outcome = (work: Promise<any>): Promise<any> => work.then((result) => ({ result }), (error) => ({ error }));
export const at = (name: string) => `${STORE}/${name}`;
export const volume = ({ driver }: Keeper, name: string, spec: object = {}): any => ({ owner: urn("Volume", name), label: `Volume "${name}"`, want: { volumes: { [at(name)]: { driver, generation: 1, ...spec } } } });
export const copy = (keeper: Keeper, name: string, of: string, spec: object = {}) => volume(keeper, name, { from: { volume: at(of) }, ...spec });
export const remove = (keeper: Keeper, name: string) => gone(volume(keeper, name));
export const apply = (keeper: Keeper, op: any) => engineOf(keeper).reconcile(op);
export const whys = async (keeper: Keeper, op: any): Promise<string[]> => (await apply(keeper, op)).changed.map(({ why }: any) => why);

export async function say(keeper: Keeper, script: string): Promise<string> {
  const { stdout, stderr, code } = await keeper.shell(script);
  assert.equal(code, 0, `${script}\n${stderr ?? ""}`);
  return stdout.trim();
}
export const write = (keeper: Keeper, name: string, text: string, generation = 1) => say(keeper, `printf %s '${text}' | dd of=${at(name)}/disk.${generation} conv=notrunc status=none && sync ${at(name)}/disk.${generation}`);
export const begins = async (keeper: Keeper, name: string, generation = 1) => (await say(keeper, `head -c 6 ${at(name)}/disk.${generation} | tr -d '\\000'; echo`)).trim();
export const lineage = (keeper: Keeper, name: string) => say(keeper, `cat ${at(name)}/lineage`);
export const listed = async (keeper: Keeper, name = "") => (await say(keeper, `ls ${STORE}/${name}`)).split("\n").filter(Boolean).sort().join(" ");
const bytes = async (keeper: Keeper, name: string) => Number(await say(keeper, `disk=$(readlink -f ${at(name)}/disk.1); if [ -b "$disk" ]; then blockdev --getsize64 "$disk"; else stat -c %s "$disk"; fi`));
/** What `netboot doctor` says of it, in MiB. */
async function holds(keeper: Keeper, name: string): Promise<{ used: number; size: number; copies: number }> {
  const [{ what }] = (await engineOf(keeper).doctor([{ check: "volume", path: at(name) }])) as any;
  const [, used, size, copies] = /^the volume \S+ holds (\S+) MiB of (\S+) MiB; (\d+) volumes? (?:is a copy|are copies) of it$/.exec(what) ?? assert.fail(what);
  return { used: Number(used), size: Number(size), copies: Number(copies) };
}
/** An image of 6 MiB that the master has taken in: a disk with one partition, and something on it. */
export async function image(keeper: Keeper, noise = 1): Promise<{ sha256: string; op: any }> {
  const sha256 = (await say(keeper, `cd /tmp && truncate -s ${6 * MIB} raw && head -c ${noise * MIB} /dev/urandom | dd of=raw bs=65536 seek=32 iflag=fullblock conv=notrunc status=none
    { printf '\\203'; head -c 3 /dev/zero; printf '\\0\\10\\0\\0\\0\\20\\0\\0'; head -c 48 /dev/zero; printf '\\125\\252'; } | dd of=raw bs=1 seek=450 conv=notrunc status=none; sha256sum <raw`)).slice(0, 64);
  const place = `/srv/netboot/http/images/${sha256}`;
  const op: any = {
    owner: urn("DiskImage", "i"), label: 'DiskImage "i"',
    want: { directories: { "/srv/netboot/http/images": "0755", "/srv/netboot/http/chunks": "0755" }, artifacts: { [place]: { recipe: sha256 } } },
    builds: { [place]: { script: ingest("i", sha256, { from: "master", where: "/tmp/raw" }) } },
  };
  await apply(keeper, op);
  return { sha256, op };
}
const none = (keeper: Keeper) => keeper.devices().then((all) => assert.deepEqual(all, [], "a device that nobody names"));
const as = (keeper: Keeper, files: number) => keeper.devices().then((all) => assert.equal(all.length, keeper.driver === "reflink" ? 0 : files, all.join(" ")));

type Clause = [words: string, proof: (keeper: Keeper) => Promise<void>];

/** Each clause begins and ends with a store that is empty. */
export const contract: Clause[] = [
  ["create, list, used bytes, grow, delete", async (keeper) => {
    await apply(keeper, volume(keeper, "data", { size: MIB + 512 }));
    assert.equal(await lineage(keeper, "data"), `netboot-volume 1\ndriver ${keeper.driver}\ngeneration 1\nfrom empty`);
    assert.ok((await bytes(keeper, "data")) >= MIB + 512);
    assert.deepEqual(await whys(keeper, volume(keeper, "data", { size: MIB + 512 })), []);
    const seen = (await engineOf(keeper).observe(volume(keeper, "data", { size: MIB + 512 }))).state.volumes!;
    assert.equal((seen[at("data")] as any).size, MIB + 512, "what was asked for is what is seen, however it is rounded");
    await write(keeper, "data", "mine");
    assert.deepEqual(await whys(keeper, volume(keeper, "data", { size: 9 * MIB })), [`size ${MIB + 512} → ${9 * MIB}`]);
    assert.ok((await bytes(keeper, "data")) >= 9 * MIB);
    assert.equal(await begins(keeper, "data"), "mine");
    assert.deepEqual(await whys(keeper, volume(keeper, "data", { size: 9 * MIB })), []);
    assert.ok((await holds(keeper, "data")).used < 2);
    await say(keeper, `head -c ${5 * MIB} /dev/urandom | dd of=${at("data")}/disk.1 bs=65536 iflag=fullblock conv=notrunc,fsync status=none`);
    // ZFS counts what is on the disk already, some seconds later.
    for (let n = 0; n < 40 && (await holds(keeper, "data")).used < 5; n++) await new Promise((done) => setTimeout(done, 500));
    const { used, size, copies } = await holds(keeper, "data");
    assert.ok(used >= 5 && used <= 9, `${used} MiB`);
    assert.deepEqual([size, copies], [9, 0]);
    assert.match((await outcome(apply(keeper, volume(keeper, "data", { size: MIB })))).error.message, /has 9437184 bytes, and 1048576 are declared: a disk is not made smaller/);
    await apply(keeper, remove(keeper, "data"));
    await none(keeper);
  }],
  ["clone, lineage, children counted; a child stays what it is when its parent gets on or goes", async (keeper) => {
    await apply(keeper, volume(keeper, "golden", { size: MIB }));
    await write(keeper, "golden", "first");
    const engine = engineOf(keeper);
    await Promise.all(["a", "b"].map((name) => engine.reconcile(copy(keeper, name, "golden", name === "b" ? { size: 6 * MIB } : {}))));
    assert.equal(await lineage(keeper, "a"), `netboot-volume 1\ndriver ${keeper.driver}\ngeneration 1\nfrom volume ${at("golden")} 1`);
    assert.deepEqual([await begins(keeper, "a"), await begins(keeper, "b")], ["first", "first"]);
    assert.ok((await bytes(keeper, "b")) >= 6 * MIB);
    assert.match((await outcome(apply(keeper, remove(keeper, "golden")))).error.message, /it has children: a b\n/);
    assert.deepEqual([(await holds(keeper, "golden")).copies, (await holds(keeper, "a")).copies], [2, 0]);
    await apply(keeper, volume(keeper, "golden", { size: MIB, generation: 2 }));
    await write(keeper, "golden", "second", 2);
    assert.equal(await listed(keeper, "golden"), "disk.2 lineage");
    assert.deepEqual(await whys(keeper, copy(keeper, "a", "golden")), []);
    assert.equal(await begins(keeper, "a"), "first");
    await write(keeper, "b", "mine!");
    assert.deepEqual(await whys(keeper, copy(keeper, "a", "golden", { generation: 2 })), ["generation 1 → 2: made anew"]);
    assert.deepEqual([await begins(keeper, "a", 2), await begins(keeper, "b")], ["second", "mine!"]);
    for (const name of ["a", "b", "golden"]) await apply(keeper, remove(keeper, name));
    await none(keeper);
  }],
  ["snapshots: of a volume, of one of those, of an earlier generation", async (keeper) => {
    const golden = (generation: number) => volume(keeper, "golden", { size: MIB, generation, history: 1 });
    for (const n of [1, 2]) {
      await apply(keeper, golden(n));
      await write(keeper, "golden", `gold${n}`, n);
    }
    await apply(keeper, copy(keeper, "before", "golden", { from: { volume: at("golden"), at: 1 } }));
    await apply(keeper, copy(keeper, "then", "before"));
    await write(keeper, "before", "mine!");
    assert.deepEqual([await begins(keeper, "golden", 1), await begins(keeper, "golden", 2), await begins(keeper, "before"), await begins(keeper, "then")], ["gold1", "gold2", "mine!", "gold1"]);
    await as(keeper, 4);
    assert.match((await outcome(apply(keeper, copy(keeper, "no", "golden", { from: { volume: at("golden"), at: 7 } })))).error.message, /keeps no generation 7/);
    for (const name of ["then", "before", "golden"]) await apply(keeper, remove(keeper, name));
    await none(keeper);
  }],
  ["one disk that is larger than all that there is is refused, new or copied or grown, with its size and what there is; many that are so together are not", async (keeper) => {
    const TOO_LARGE = 2 ** 50;
    const refused = async (op: any): Promise<number> => {
      const { message } = (await outcome(apply(keeper, op))).error;
      const [, , total] = /pool\/\w+ could not be changed[^]*it is to have 1125899906842624 bytes, and its (store|pool) \S+ has (\d+) in all: write a smaller size/.exec(message) ?? assert.fail(message);
      return Number(total);
    };
    const total = await refused(volume(keeper, "one", { size: TOO_LARGE }));
    assert.equal(await listed(keeper), "");
    await none(keeper);
    // Not all of it: what ZFS has in all is a little more or less by each volume that it keeps.
    const size = Math.floor((total / 512) * 0.75) * 512;
    for (const name of ["one", "two"]) await apply(keeper, volume(keeper, name, { size }));
    await write(keeper, "one", "mine");
    await refused(volume(keeper, "one", { size: TOO_LARGE }));
    await refused(copy(keeper, "a", "one", { size: TOO_LARGE }));
    assert.deepEqual([await whys(keeper, volume(keeper, "one", { size })), await begins(keeper, "one"), await listed(keeper)], [[], "mine", "one two"]);
    for (const name of ["one", "two"]) await apply(keeper, remove(keeper, name));
    await none(keeper);
  }],
  ["promoted: what a machine has made of its copy is the next generation; the one before and the other copies stay what they are, and that copy may go", async (keeper) => {
    const golden = (generation: number, spec: object) => volume(keeper, "golden", { generation, history: 1, ...spec });
    const next = golden(2, { from: { copy: at("teacher") } });
    await apply(keeper, golden(1, { size: MIB }));
    await write(keeper, "golden", "first!");
    for (const name of ["teacher", "seat"]) await apply(keeper, copy(keeper, name, "golden"));
    await write(keeper, "teacher", "better");
    assert.deepEqual(await whys(keeper, next), ["generation 1 → 2: made anew"]);
    assert.equal(await lineage(keeper, "golden"), `netboot-volume 1\ndriver ${keeper.driver}\ngeneration 2\nfrom copy ${at("teacher")} 1\nhistory 1`);
    await write(keeper, "teacher", "later!");
    assert.deepEqual(await whys(keeper, next), []);
    await apply(keeper, remove(keeper, "teacher"));
    assert.deepEqual([await begins(keeper, "golden", 2), await begins(keeper, "golden", 1), await begins(keeper, "seat"), await listed(keeper)], ["better", "first!", "first!", "golden seat"]);
    for (const name of ["seat", "golden"]) await apply(keeper, remove(keeper, name));
    await none(keeper);
  }],
  ["from an image: its very bytes, in a disk as large or larger; a chunk that went bad is named, and nothing is made of it", async (keeper) => {
    const { sha256, op } = await image(keeper);
    const [golden, large] = [volume(keeper, "golden", { from: { image: sha256 } }), volume(keeper, "large", { from: { image: sha256 }, size: 10 * MIB })];
    for (const one of [golden, large]) await apply(keeper, one);
    for (const name of ["golden", "large"]) assert.equal((await say(keeper, `head -c ${6 * MIB} ${at(name)}/disk.1 | sha256sum`)).slice(0, 64), sha256);
    assert.ok((await bytes(keeper, "large")) >= 10 * MIB);
    assert.deepEqual([await whys(keeper, golden), await whys(keeper, large)], [[], []]);
    assert.equal(await lineage(keeper, "golden"), `netboot-volume 1\ndriver ${keeper.driver}\ngeneration 1\nfrom image ${sha256}`);
    assert.match((await outcome(apply(keeper, volume(keeper, "small", { from: { image: sha256 }, size: MIB })))).error.message, /it is to have 1048576 bytes, and what it comes from has 6291456/);
    await say(keeper, "f=$(find /srv/netboot/http/chunks -type f | head -n 1); printf x | dd of=$f bs=1 seek=20 conv=notrunc status=none");
    assert.match((await outcome(apply(keeper, volume(keeper, "other", { from: { image: sha256 } })))).error.message, /part \d of its image \w+ is not what it was/);
    assert.equal(await listed(keeper), "golden large");
    for (const one of [remove(keeper, "golden"), remove(keeper, "large"), gone(op)]) await apply(keeper, one);
    await say(keeper, "rm -f /tmp/raw");
    await none(keeper);
  }],
  ["a disk removed by hand is shown and made anew, a name without its disk as well", async (keeper) => {
    await apply(keeper, volume(keeper, "data", { size: MIB }));
    await say(keeper, `rm ${at("data")}/disk.1`);
    assert.deepEqual((await engineOf(keeper).observe(volume(keeper, "data", { size: MIB }))).state.volumes, {});
    assert.deepEqual(await whys(keeper, volume(keeper, "data", { size: MIB })), ["its disk is gone"]);
    await as(keeper, 1);
    if (keeper.driver !== "reflink") {
      await say(keeper, `disk=$(readlink ${at("data")}/disk.1); case $disk in /dev/zvol/*) zfs destroy "\${disk#/dev/zvol/}" ;; *) lvremove -q -f -y "$disk" ;; esac`);
      assert.deepEqual(await whys(keeper, volume(keeper, "data", { size: MIB })), ["its disk is gone"]);
      await as(keeper, 1);
    }
    await apply(keeper, remove(keeper, "data"));
    await none(keeper);
  }],
  ["what is nobody's device is left alone; what a crash has left of a volume of ours goes with the next that is made", async (keeper) => {
    if (keeper.driver === "reflink") return;
    await say(keeper, keeper.driver === "zfs" ? "zfs create -s -V 1048576 tank/netboot/nb.theirs" : "lvcreate -q -y --type thin -V 1048576b --thinpool vg0/netboot -n nb.theirs");
    await say(keeper, keeper.driver === "zfs" ? `zfs create -s -V 1048576 -o netboot:bytes=1048576 -o netboot:volume=${at("was")} tank/netboot/nb.was` : `lvcreate -q -y --type thin -V 1048576b --thinpool vg0/netboot -n nb.was --addtag netboot --addtag netboot.volume=${at("was")}`);
    await apply(keeper, volume(keeper, "data", { size: MIB }));
    assert.deepEqual((await keeper.devices()).length, 2);
    await apply(keeper, remove(keeper, "data"));
    assert.deepEqual(await keeper.devices(), ["nb.theirs"]);
    await say(keeper, keeper.driver === "zfs" ? "zfs destroy tank/netboot/nb.theirs" : "lvremove -q -f -y /dev/vg0/nb.theirs");
  }],
  ["a store that is full takes no more, and says by then what it is; one that gets full is told of", async (keeper) => {
    await say(keeper, "mkdir -p /etc/netboot && cp /etc/netboot/volumes /tmp/settings 2>/dev/null; printf 'warn 0\\nrefuse 101\\npool %s\\n' $(sed -n 's/^pool //p' /etc/netboot/volumes) >/tmp/new; cp /tmp/new /etc/netboot/volumes");
    const what = keeper.driver === "reflink" ? `store ${STORE}` : keeper.driver === "zfs" ? "pool tank/netboot" : "pool vg0/netboot";
    assert.match((await apply(keeper, volume(keeper, "data", { size: MIB }))).notes.join(), new RegExp(`the ${what} is \\d+ % full`));
    await say(keeper, "sed -i 's/^refuse .*/refuse 0/' /etc/netboot/volumes");
    assert.match((await outcome(apply(keeper, copy(keeper, "a", "data")))).error.message, /its (store|pool) is \d+ % full, and from 0 % on no volume is made/);
    await say(keeper, "cp /tmp/settings /etc/netboot/volumes; rm -f /tmp/settings /tmp/new");
    await apply(keeper, remove(keeper, "data"));
    await none(keeper);
  }],
];
