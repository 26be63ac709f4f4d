// Clones that are tried daily in part, and all of them by `npm test`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { disk, MiB, mounted, serve } from "./image.ts";
import { type Job, setting } from "./machine.ts";

const partitions = (file: string) => execFileSync("/sbin/sfdisk", ["-d", file]).toString();
const told = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: ["ignore", "pipe", "ignore"], env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` } }).toString();
const product = (...numbers: (RegExpExecArray | null)[]) => numbers.reduce((all, found) => all * Number(found![1]), 1);

/** Of a file system in a file: is it sound, how large is it, and what is in that file of it? */
const kinds = {
  ext4: {
    sound: (part: string) => told("e2fsck", "-f", "-n", part),
    size: (part: string) => { const all = told("debugfs", "-R", "stats", part); return product(/Block count: *(\d+)/.exec(all), /Block size: *(\d+)/.exec(all)); },
    read: (part: string, name: string) => told("debugfs", "-R", `cat ${name}`, part),
  },
  xfs: {
    sound: (part: string) => told("xfs_repair", "-n", part),
    size: (part: string) => { const all = told("xfs_db", "-r", "-c", "sb 0", "-c", "p dblocks blocksize", part); return product(/dblocks = (\d+)/.exec(all), /blocksize = (\d+)/.exec(all)); },
    read: (part: string, name: string) => mounted(part, "ro", (folder) => readFileSync(join(folder, name), "utf8")),
  },
  btrfs: {
    sound: (part: string) => told("btrfs", "check", "--readonly", part),
    size: (part: string) => product(/^total_bytes\s+(\d+)/m.exec(told("btrfs", "inspect-internal", "dump-super", part))),
    read: (part: string, name: string) => mounted(part, "ro", (folder) => readFileSync(join(folder, name), "utf8")),
  },
};

/** The last partition is larger in the end, and its system has a name. */
export async function grows(t: TestContext, label: "gpt" | "dos", { fs = "ext4" as keyof typeof kinds, from = 8 * MiB, to = 24 * MiB } = {}) {
  const before = disk({ label, fs, size: from });
  const { machine } = await setting(t, serve(before), [{ name: "sda", size: to }], { job: { expand: "last", hostname: "desk-01.example.org" } });
  writeFileSync(join(machine.root, "before"), before);
  assert.equal(await machine.run(), "reboots", machine.output + machine.error);
  const file = join(machine.root, "dev/sda"), got = machine.disk();
  const [was, is] = [partitions(join(machine.root, "before")), partitions(file)];
  const size = Number(/size= *(\d+)/.exec(is)![1]) * 512;
  assert.ok(size >= to - 2 * MiB && size <= to - MiB, is);
  const rest = (text: string) => text.replace(/(^device|^\/|^last-lba|^unit).*\n/gm, "") + text.match(/(type=.*)/)![1];
  assert.equal(rest(is), rest(was));
  assert.ok(got.subarray(0, 440).equals(before.subarray(0, 440)));
  const part = join(machine.root, "part"), { sound, size: sizeOf, read } = kinds[fs];
  writeFileSync(part, got.subarray(MiB, MiB + size));
  sound(part);
  const used = sizeOf(part);
  assert.ok(used <= size && used > size - 4096, `${used} of ${size}`);
  assert.equal(read(part, "etc/hostname"), "desk-01.example.org\n");
  assert.equal(read(part, "etc/hosts"), "127.0.0.1\tlocalhost\n127.0.1.1\tdesk-01.example.org desk-01\n");
  assert.equal(read(part, "etc/machine-id"), "");
}

/** Orders that cannot be followed: said before anything is written. */
export async function refused(t: TestContext, which: string[]) {
  const cases: [string, RegExp, Job, Parameters<typeof disk>[0]?, number?][] = [
    ["logical", /logical one/, { expand: "last" }, { label: "dos", partitions: "start=2048, size=4096\nstart=8192, size=4096, type=5\nstart=10240, size=1024", at: MiB, bytes: 2 * MiB }],
    ["swap", /file system, and that is swap; .*set expand to none in the program and grow it in the system itself, or make the image with ext4, XFS or btrfs last/, { expand: "last" }, { fs: "swap" }],
    ["no table", /the image has none/, { expand: "last" }, { label: "none", fs: "none" }],
    ["too small", /does not fit onto sda/, {}, {}, 8 * MiB + 512],
  ];
  for (const [name, words, job, shape, size] of cases.filter(([name]) => which.includes(name))) {
    const { machine } = await setting(t, serve(size ? Buffer.alloc(size) : disk(shape)), [{ name: "sda", size: 8 * MiB }], { job });
    assert.equal(await machine.run(), "stays", name);
    assert.match(machine.error, words, name);
    assert.match(machine.error, /nothing on any disk was changed/);
    assert.ok(machine.disk().equals(Buffer.alloc(8 * MiB)), name);
  }
}
