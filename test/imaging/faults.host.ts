// A master that fails, a network that cuts, a disk that forgets: the disk is right in the end, or is not said to be.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { disk, MiB, serve } from "./image.ts";
import { type Job, setting, skip, stamped } from "./machine.ts";
import type { Fault } from "./server.ts";

const made = skip ? undefined! : disk({ fs: "none", bytes: 6 * MiB });
const image = skip ? undefined! : serve(made);
const SIZE = 8 * MiB;

const start = (t: TestContext, changes?: Job) => setting(t, image, [{ name: "sda", size: SIZE, zeroes: true }], { job: { verify: "stream", ...changes } });

test("faults that pass", { skip, concurrency: 2 }, async (t) => {
  // Each request fails in one way at first, and all that can be are asked again.
  const chunk = (asked: string) => asked.startsWith("GET /chunks/");
  const cases: [string, (asked: string, times: number) => Fault][] = [
    ["500 to everything once", (_, times) => (times === 1 ? { status: 500 } : undefined)],
    ["cut to pieces, then with wrong bytes", (asked, times) => (asked.startsWith("GET") && !asked.includes("claims") ? ([{ cut: 30 }, "empty", chunk(asked) ? { flip: 100 } : { cut: 100 }] as Fault[])[times - 1] : undefined)],
    ["silence in the midst, and answers lost", (asked, times) => (times === 1 && asked.includes(image.chunkAt(4 * MiB)) ? "stall" : times === 1 && /MOVE|done/.test(asked) ? "lost" : undefined)],
    ["no report but the last arrives", (asked) => (asked.includes("/status") ? { status: 503 } : undefined)],
  ];
  for (const [name, fault] of cases)
    await t.test(name, async (t) => {
      const { machine, master } = await start(t);
      master.fault = fault;
      assert.equal(await machine.run(), "reboots", machine.error + machine.output);
      assert.ok(machine.disk().equals(stamped(made)));
      assert.ok(machine.done!.endsWith("end end\n"));
    });
  await t.test("a disk that forgets once", async (t) => {
    const { machine } = await start(t, { verify: "full" });
    assert.equal(await machine.run({ BAD: `${MiB}:1` }), "reboots", machine.error);
    assert.ok(machine.disk().equals(stamped(made)));
  });
});

test("faults that stay", { skip, concurrency: 2 }, async (t) => {
  const cases: [string, Job, (asked: string) => Fault, RegExp, Record<string, string>?][] = [
    ["no image", {}, (asked) => (asked.endsWith("/index") ? { status: 404 } : undefined), /does not have the image.*nothing on any disk was changed/],
    ["an image cut short on the master", {}, (asked) => (asked.endsWith("/index") ? "empty" : undefined), /index is not one that can be followed.*nothing on any disk was changed/],
    ["a chunk that is missing", {}, (asked) => (asked.endsWith(image.chunkAt(4 * MiB)) ? { status: 404 } : undefined), /404 http:.*is half-written and does not boot/],
    ["a chunk that is damaged", {}, (asked) => (asked.endsWith(image.chunkAt(4 * MiB)) ? { flip: 1 << 19 } : undefined), /the chunk [0-9a-f]{64} is damaged on the master.*half-written/],
    ["a chunk that is damaged so that its unpacker hangs up on curl", {}, (asked) => (asked.endsWith(image.chunkAt(2 * MiB)) ? { flip: 0 } : undefined), /the chunk [0-9a-f]{64} is damaged on the master.*half-written/],
    ["a disk that forgets", { verify: "sampled" }, () => undefined, /does not give back at 0 what was written there; .*half-written.*replace the disk/, { BAD: `${MiB}:9` }],
    ["a disk that forgets its partition table", {}, () => undefined, /does not give back at 4096 what was written/, { BAD: "4096:1" }],
  ];
  for (const [name, job, fault, words, env] of cases)
    await t.test(name, async (t) => {
      const { machine, master } = await start(t, job);
      master.fault = fault;
      assert.equal(await machine.run(env), "stays", machine.error);
      assert.match(machine.error, words);
      assert.equal(machine.done, undefined);
      assert.ok(machine.disk().subarray(0, 4096).equals(Buffer.alloc(4096)), "a head that looks valid");
    });
});

test("a bad byte in the middle of three parts: full finds it, sampled, which reads the first and the last, does not", { skip }, async (t) => {
  const PART = 64 * MiB, large = disk({ size: 3 * PART, fs: "none", bytes: 6 * MiB });
  randomBytes(MiB).copy(large, PART + 20 * MiB);
  const served = serve(large);
  const write = async (verify: string) => {
    const { machine } = await setting(t, served, [{ name: "sda", size: large.length, zeroes: true }], { job: { verify } });
    return { machine, ended: await machine.run({ BAD: `${PART}:9` }) };
  };
  const full = await write("full");
  assert.equal(full.ended, "stays", full.machine.output);
  assert.match(full.machine.error, new RegExp(`does not give back at ${PART} what was written there; .*half-written`));
  assert.equal(full.machine.done, undefined);
  const sampled = await write("sampled");
  assert.equal(sampled.ended, "reboots", sampled.machine.error);
  const wanted = stamped(large), written = sampled.machine.disk();
  assert.equal(written[PART + 12345], "x".charCodeAt(0));
  written[PART + 12345] = wanted[PART + 12345]!;
  assert.ok(written.equals(wanted), "and nothing else is wrong");
});
