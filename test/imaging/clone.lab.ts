// What clone.host.ts and faults.host.ts leave out, because it takes longer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { grows, refused } from "./clones.ts";
import { disk, MiB, serve } from "./image.ts";
import { NONCE, setting, skip, skipLoop, skipMounted, stamped } from "./machine.ts";

const made = skip ? undefined! : disk();
const image = skip ? undefined! : serve(made);

test("a clone", { skip }, async (t) => {
  await t.test("of three parts, one of zeros, onto a larger disk with a command for zeros", async (t) => {
    const long = Buffer.concat([made.subarray(0, 7 * MiB), Buffer.alloc(129 * MiB), made.subarray(7 * MiB)]);
    const served = serve(long);
    const { machine } = await setting(t, served, [{ name: "nvme0n1", size: 140 * MiB, zeroes: true, content: Buffer.alloc(140 * MiB, 0x5a) }], { job: { overwrite: "yes", then: "poweroff" } });
    assert.equal(await machine.run(), "poweroffs", machine.output + machine.error);
    const got = machine.disk("nvme0n1"), end = long.length - 33 * 512;
    assert.ok(got.subarray(MiB, end).equals(long.subarray(MiB, end)), "the data");
    assert.ok(got.subarray(end, long.length).equals(Buffer.alloc(33 * 512)), "the old copy of the table");
    assert.equal(got.subarray(140 * MiB - 512, 140 * MiB - 504).toString(), "EFI PART");
    assert.equal(got.readBigUInt64LE(512 + 32), BigInt(140 * MiB / 512 - 1), "where the first says that the copy is");
    assert.ok(got.subarray(0, 440).equals(long.subarray(0, 440)), "the boot code");
  });

  await t.test("with a DOS table that grows, and has a name", { skip: skipLoop }, (t) => grows(t, "dos"));

  // The kernel grows no btrfs to less than 256 MiB.
  for (const [fs, from, to] of [["xfs", 40 * MiB, 60 * MiB], ["btrfs", 130 * MiB, 300 * MiB]] as const)
    await t.test(`${fs} that grows, and has a name`, { skip: skipMounted(fs) }, (t) => grows(t, "gpt", { fs, from, to }));

  await t.test("btrfs that would not be large enough for the kernel to grow it is refused before", { skip: skipMounted("btrfs") }, async (t) => {
    const { machine } = await setting(t, serve(disk({ fs: "btrfs", size: 130 * MiB })), [{ name: "sda", size: 200 * MiB }], { job: { expand: "last" } });
    assert.equal(await machine.run(), "stays");
    assert.match(machine.error, /that is btrfs, in less than 256 MiB[^]*nothing on any disk was changed/);
  });

  await t.test("that cannot be as ordered changes nothing", (t) => refused(t, ["swap", "no table"]));

  await t.test("a master that takes no report: the disk is done, and the next boot says so", async (t) => {
    const { machine, master } = await setting(t, image, [{ name: "sda", size: 8 * MiB }]);
    master.fault = (asked) => (asked.startsWith("PUT") ? { status: 503 } : undefined);
    assert.equal(await machine.run(), "reboots");
    assert.equal(machine.done, undefined);
    const written = machine.disk();
    master.fault = () => undefined;
    assert.equal(await machine.run(), "reboots");
    assert.match(machine.done!, new RegExp(`^nonce ${NONCE}\ngeneration 3\n`));
    assert.ok(machine.disk().equals(written) && written.equals(stamped(made)));
    assert.equal(master.asked.filter((line) => line.startsWith("MOVE")).length, 1);
  });
});
