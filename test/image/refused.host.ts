// What no master takes in, by the real scripts and the real tools.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { disk, folder, MIB, noise, packed, sha256Of } from "./disk.ts";
import { chunks, engineOn, newHost, op, ours, outcome, serve } from "./host.ts";

const host = newHost();
const engine = engineOn(host);
/** Why a file on the master is refused. */
async function there(name: string, file: string, sha256 = sha256Of(file), more = {}): Promise<string> {
  cpSync(file, host.path(`/tmp/${name}`));
  const { error } = await outcome(engine.reconcile(await op(name, { master: `/tmp/${name}`, sha256 }, more)));
  assert.ok(error, name);
  return error.message;
}
function cut(name: string, file: string, bytes: number): string {
  const path = join(folder, `cut-${name}`);
  execFileSync("sh", ["-c", `head -c ${bytes} '${file}' >'${path}'`]);
  return path;
}
const size = 8 * MIB;
const small = disk("small", { size, pieces: [[2 * MIB, noise("s", 4 * MIB)]] });
const nothingStays = async () => {
  assert.deepEqual(ours(host).filter((path) => !path.endsWith("/")), []);
  assert.deepEqual(await chunks(host), []);
};

test("what is no image of a whole disk, or has no room for the stamp, is refused in words", async () => {
  assert.match(await there("stamp", packed(disk("s", { size, pieces: [[1_040_384 + 5000, Buffer.from("x")]] }), "xz")), /bytes 1040384 to 1048575 .* are not empty/);
  assert.match(await there("early", disk("e", { size, first: 63 })), /partition 1 covers the last 8 KiB of the first MiB/);
  assert.match(await there("early-gpt", packed(disk("g", { size, first: 40, gpt: true }), "zstd")), /partition 1 covers/);
  assert.match(await there("text", cut("t", process.execPath, 4 * MIB)), /has no partition table/);
  assert.match(await there("tiny", disk("tiny", { size: 2 * MIB })), /it is smaller than 4 MiB/);
  await nothingStays();
});

test("a packed file that was cut short, wherever, is damaged, and no small image", async () => {
  for (const packer of ["gzip", "zstd", "xz"] as const) {
    const whole = packed(small, packer, "-1");
    for (const bytes of packer === "gzip" ? [200, 1_500_000, 3_900_000] : [1_500_000]) assert.match(await there(packer, cut("p", whole, bytes)), /cannot be unpacked: it is damaged, or cut short/, `${packer} ${bytes}`);
  }
  assert.match(await there("short", cut("c", small, 6 * MIB)), /a partition ends at byte 8388608, behind its end at 6291456: it was cut short/);
  await nothingStays();
});

test("after the last image has gone another is taken in by the same run", async () => {
  cpSync(small, host.path("/tmp/again"));
  const { want, ...gone } = await op("again", { master: "/tmp/again", sha256: sha256Of(small) });
  for (let times = 0; times < 2; times++) {
    await engine.reconcile({ ...gone, want });
    await engine.reconcile(gone);
    await nothingStays();
  }
});

test("an image of another size than the program says is refused, and one of that size is not", async () => {
  const gz = packed(small, "gzip"), sha256 = sha256Of(gz);
  assert.match(await there("gzip", gz, sha256, { size: size / 2 }), /the image is of a disk of 8388608 bytes, and not of 4194304 as the file or the program says: say size: 8388608,/);
  await nothingStays();
  const { want, ...gone } = await op("gzip", { master: "/tmp/gzip", sha256 }, { size });
  await engine.reconcile({ ...gone, want });
  // One that is there already is not taken in again: of that the doctor tells.
  const told = async (more: object) => (await engine.doctor((await op("gzip", { master: "/tmp/gzip", sha256 }, more)).checks)).find(({ check }) => check.check === "image")!;
  assert.deepEqual(await told({ size }).then(({ ok, what }) => [ok, what]), [true, "image gzip is of a disk of 8388608 bytes"]);
  assert.deepEqual(await told({ size: size * 2 }).then(({ ok, what, mend }) => [ok, what, mend]), [false, "image gzip is of a disk of 8388608 bytes, and not of 16777216 as the program says", "Say size: 8388608, or take another file."]);
  await engine.reconcile(gone);
  await nothingStays();
});

test("what is not there, or not what it should be, is refused in words", async (t) => {
  const address = await serve(t, (_request, response) => response.writeHead(404).end("no"));
  const sha256 = "12".repeat(32);
  assert.match(await there("digest", small, sha256), /\/tmp\/digest has the SHA-256 \w{64} and not 1212/);
  const faulty: [object, RegExp][] = [[{ master: "/tmp/none" }, /there is no file \/tmp\/none on the master/], [{ url: `${address}/x` }, /cannot fetch http:\S+\/x: the server answers 404/]];
  for (const [source, words] of faulty) assert.match((await outcome(engine.reconcile(await op("none", { ...source, sha256 })))).error?.message ?? "", words);
  await nothingStays();
});

test("an image that would not fit is refused before a byte of it is sent", async () => {
  const one = await op("large", packed(small, "zstd"));
  const sent = engineOn(host);
  const { error } = await outcome(sent.reconcile({ ...one, checks: one.checks.map((check: any) => ({ ...check, bytes: 2 ** 60 })) }));
  assert.match(error.message, /\/srv\/netboot needs \d+ MiB and \S+ has \d+ MiB free/);
  assert.equal(sent.counts.uploads, 0);
  await nothingStays();
});
