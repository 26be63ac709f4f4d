// A disk that is read into a file on the master.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { disk, MiB, serve, sha256 } from "./image.ts";
import { inside, type Job, type Machine, MACHINE, NONCE, setting, skip, skipLoop, stamp } from "./machine.ts";

const order: Job = { do: "capture", name: "golden", image: undefined, overwrite: undefined, verify: undefined, expand: undefined, transport: undefined };
const path = `/claims/${NONCE}/image.zst`;

test("a disk without file systems that are known comes as it is, but for the stamp", { skip }, async (t) => {
  const before = disk({ label: "dos", fs: "none" });
  const stamped = Buffer.from(before);
  stamp().copy(stamped, 254 * 4096);
  const { machine, master } = await setting(t, serve(before), [{ name: "sda", size: before.length, content: stamped }], { job: order });
  assert.equal(await machine.run(), "reboots", machine.output + machine.error);
  const sent = master.files.get(path)!;
  assert.ok(zstdDecompressSync(sent).equals(before));
  assert.equal(machine.done, `nonce ${NONCE}\ngeneration 3\nimage ${sha256(sent)}\nend end\n`);
  assert.ok(machine.disk().equals(stamped), "nothing on the disk was changed");
});

test("of an ext4 file system only what is in use is read, and it is as it was", { skip: skipLoop }, async (t) => {
  const before = disk();
  const { machine, master } = await setting(t, serve(before), [{ name: "sda", size: before.length, content: before }], { job: order });
  assert.equal(await machine.run(), "reboots", machine.output + machine.error);
  const got = zstdDecompressSync(master.files.get(path)!);
  assert.equal(got.length, before.length);
  assert.ok(got.subarray(0, MiB).equals(before.subarray(0, MiB)));
});

for (const [status, words] of [[507, /has no room for it/], [500, /has no room for it/], [413, /larger than the master takes.*raise imaging\.captureLimit/]] as const)
  test(`a master that answers ${status} is said, and the order stays open`, { skip }, async (t) => {
    const before = disk({ label: "dos", fs: "none" });
    const { machine, master } = await setting(t, serve(before), [{ name: "sda", size: before.length, content: before }], { job: order });
    master.fault = (asked) => (asked === `PUT ${path}` ? { status } : undefined);
    assert.equal(await machine.run(), "stays");
    assert.match(machine.error, words);
    assert.match(machine.error, /nothing on any disk was changed/);
    assert.equal(machine.done, undefined);
  });

test("what breaks, or whose answer is lost, is taken back and sent again from the beginning", { skip }, async (t) => {
  const before = disk({ label: "dos", fs: "none" });
  const { machine, master } = await setting(t, serve(before), [{ name: "sda", size: before.length, content: before }], { job: order });
  master.fault = (asked, times) => (asked === `PUT ${path}` && times < 3 ? "lost" : undefined);
  assert.equal(await machine.run(), "reboots", machine.output + machine.error);
  assert.ok(zstdDecompressSync(master.files.get(path)!).equals(before));
  assert.ok(machine.reports.some((report) => report["machine"] === MACHINE && report["stage"] === "write"));
});

/** A PATH on which that tool is another. */
function broken({ root }: Machine, tool: string, text: string): { PATH: string } {
  const folder = join(root, "broken");
  mkdirSync(folder);
  writeFileSync(join(folder, tool), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return { PATH: `${folder}${delimiter}${inside}` };
}

test("half a disk is never called done: what packs it ends too early", { skip }, async (t) => {
  const before = disk({ label: "dos", fs: "none" });
  const { machine, master } = await setting(t, serve(before), [{ name: "sda", size: before.length, content: before }], { job: order });
  assert.equal(await machine.run(broken(machine, "zstd", "head -c 4000000 | /usr/bin/zstd -q -3; echo no memory is left >&2; exit 1")), "stays");
  assert.match(machine.error, /what is read of sda .* cannot be packed: .*no memory is left.*give the machine more memory/);
  assert.deepEqual([machine.done, master.files.get(path)], [undefined, undefined]);
});

test("what breaks off between the disk and the network, and looks whole to the master, is taken back and sent again", { skip }, async (t) => {
  const before = disk({ label: "dos", fs: "none" });
  const { machine, master } = await setting(t, serve(before), [{ name: "sda", size: before.length, content: before }], { job: order });
  const sent: number[] = [];
  master.hold = (asked) => { if (asked === `PUT ${path}`) sent.push(master.files.get(path)?.length ?? 0); };
  const once = `[ -e "$NETBOOT_ROOT/once" ] && exec /usr/bin/tee "$@"; : >"$NETBOOT_ROOT/once"; head -c 100000 | /usr/bin/tee "$@"`;
  assert.equal(await machine.run(broken(machine, "tee", once)), "reboots", machine.output + machine.error);
  assert.deepEqual(sent, [0, 100_000, 0]);
  assert.ok(zstdDecompressSync(master.files.get(path)!).equals(before));
  assert.equal(machine.done, `nonce ${NONCE}\ngeneration 3\nimage ${sha256(master.files.get(path)!)}\nend end\n`);
});
