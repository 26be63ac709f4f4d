// Clones that are tried daily in part, and all of them by `npm test`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { disk, MiB, serve } from "./image.ts";
import { type Job, setting } from "./machine.ts";

const partitions = (file: string) => execFileSync("/sbin/sfdisk", ["-d", file]).toString();
const inFile = (file: string, offset: number, name: string) => execFileSync("/sbin/debugfs", ["-R", `cat ${name}`, `${file}?offset=${offset}`], { stdio: ["ignore", "pipe", "ignore"] }).toString();

/** The last partition is larger in the end, and its system has a name. */
export async function grows(t: TestContext, label: "gpt" | "dos") {
  const before = disk({ label });
  const { machine } = await setting(t, serve(before), [{ name: "sda", size: 24 * MiB }], { job: { expand: "last", hostname: "desk-01.example.org" } });
  writeFileSync(join(machine.root, "before"), before);
  assert.equal(await machine.run(), "reboots", machine.output + machine.error);
  const file = join(machine.root, "dev/sda"), got = machine.disk();
  const [was, is] = [partitions(join(machine.root, "before")), partitions(file)];
  const size = Number(/size= *(\d+)/.exec(is)![1]) * 512;
  assert.ok(size >= 22 * MiB && size <= 23 * MiB, is);
  const rest = (text: string) => text.replace(/(^device|^\/|^last-lba|^unit).*\n/gm, "") + text.match(/(type=.*)/)![1];
  assert.equal(rest(is), rest(was));
  assert.ok(got.subarray(0, 440).equals(before.subarray(0, 440)));
  const part = join(machine.root, "part");
  writeFileSync(part, got.subarray(MiB, MiB + size));
  execFileSync("/sbin/e2fsck", ["-f", "-n", part], { stdio: "pipe" });
  const blocks = execFileSync("/sbin/debugfs", ["-R", "stats", part], { stdio: ["ignore", "pipe", "ignore"] }).toString();
  const used = Number(/Block count: *(\d+)/.exec(blocks)![1]) * Number(/Block size: *(\d+)/.exec(blocks)![1]);
  assert.ok(used <= size && used > size - 4096, `${used} of ${size}`);
  assert.equal(inFile(file, MiB, "/etc/hostname"), "desk-01.example.org\n");
  assert.equal(inFile(file, MiB, "/etc/hosts"), "127.0.0.1\tlocalhost\n127.0.1.1\tdesk-01.example.org desk-01\n");
  assert.equal(inFile(file, MiB, "/etc/machine-id"), "");
}

/** Orders that cannot be followed: said before anything is written. */
export async function refused(t: TestContext, which: string[]) {
  const cases: [string, RegExp, Job, Parameters<typeof disk>[0]?, number?][] = [
    ["logical", /logical one/, { expand: "last" }, { label: "dos", partitions: "start=2048, size=4096\nstart=8192, size=4096, type=5\nstart=10240, size=1024", at: MiB, bytes: 2 * MiB }],
    ["swap", /file system, and that is swap; .*set expand to none in the program and grow it in the system itself, or make the image with ext4 last/, { expand: "last" }, { fs: "swap" }],
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
