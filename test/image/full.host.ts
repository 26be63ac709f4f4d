// The images' store without room, found out in the midst of taking an image in: by the real scripts and tools.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { urn } from "../engine/site.ts";
import { disk, MIB, noise, packed, type Piece, sha256Of } from "./disk.ts";
import { chunks, engineOn, newHost, op, ours, outcome, restored } from "./host.ts";

const skip = process.getuid!() === 0 ? false : "needs root, to mount";
const SITE = "/srv/netboot";

/** A host of which these folders lie on a file system of their own, with these options of tmpfs. */
function small(t: TestContext, options: string, folders = [SITE]) {
  const host = newHost(), own = host.path("/own");
  const mount = (...args: string[]) => {
    execFileSync("mount", args);
    t.after(() => execFileSync("umount", [args.at(-1)!]));
  };
  mkdirSync(own);
  mount("-t", "tmpfs", "-o", options, "tmpfs", own);
  for (const folder of folders) {
    for (const at of [own + folder, host.path(folder)]) mkdirSync(at, { recursive: true });
    mount("--bind", own + folder, host.path(folder));
  }
  return { host, room: (options: string) => execFileSync("mount", ["-o", `remount,${options}`, own]) };
}
/** As the image is looked at before anything is sent: what is packed tells too little. */
const unlooked = async (...args: Parameters<typeof op>) => ({ ...(await op(...args)), checks: [] });
const failure = new RegExp(`^DiskImage "again" on fast: building ${SITE}/http/images/\\w{64} failed, and nothing of it was put in place\\.\n[^]*No space left on device[^]*\nMake room in the file system of ${SITE}/http/images, and run up again\\.$`);

// The same 3 MiB again and again: no two chunks are equal, and what looks far back makes little of them.
const again = noise("again", 3 * MIB - 512), raw = disk("again", { size: 64 * MIB, pieces: Array.from({ length: 20 }, (_, i): Piece => [2 * MIB + i * again.length, again]) });
const image = packed(raw, "zstd", "--long=24");

test("full in the midst: said whose, where and what to do; nothing of it stays, the image that is there does, and who is with it in a commit is done; with room it goes on", { skip }, async (t) => {
  const { host, room } = small(t, "size=40m");
  cpSync(image, host.path("/tmp/image"));
  const one = disk("there", { size: 8 * MIB, pieces: [[2 * MIB, noise("there", 4 * MIB)]] });
  const there = await unlooked("there", one);
  await engineOn(host).reconcile(there);
  const [before, had] = [ours(host), await chunks(host)];
  for (const source of [{ master: "/tmp/image" }, raw]) {
    const wish = await unlooked("again", source, { sha256: sha256Of(source === raw ? raw : image) });
    const engine = engineOn(host), path = `${SITE}/${ours(host).length}`;    // another one each time
    const other: any = { owner: urn("Other", path), label: "other", want: { files: { [path]: "x" } } };
    const [failed, done] = await Promise.all([wish, other].map((one) => outcome(engine.reconcile(one))));
    assert.match(failed.error.message, failure);
    assert.equal(done.error, undefined);
    assert.deepEqual([ours(host).filter((path) => path.includes("/http/") && !before.includes(path)), await chunks(host)], [[], had]);
  }
  assert.equal(await restored(host, there), sha256Of(one));
  room("size=400m");
  const wish = await unlooked("again", raw);
  await engineOn(host).reconcile(wish);
  assert.equal(await restored(host, wish), sha256Of(raw));
});

test("full in the midst, where all is on one file system: said as well", { skip }, async (t) => {
  const { host } = small(t, "size=40m", [SITE, "/var/lib/netboot"]);
  cpSync(image, host.path("/tmp/image"));
  const { error } = await outcome(engineOn(host).reconcile(await unlooked("again", { master: "/tmp/image" }, { sha256: sha256Of(image) })));
  assert.match(error.message, failure);
  assert.deepEqual(await chunks(host), []);
});

test("without room for one more file: whoever waits for the parts is told", { skip, timeout: 60_000 }, async (t) => {
  const raw = disk("many", { size: 400 * MIB, pieces: Array.from({ length: 199 }, (_, i): Piece => [2 * MIB + i * 2 * MIB, noise(`${i}`, 512)]) });
  const { host } = small(t, "size=800m,nr_inodes=270");
  cpSync(packed(raw, "zstd"), host.path("/tmp/many"));
  const wish = await unlooked("again", { master: "/tmp/many" }, { sha256: sha256Of(`${raw}.zstd`) });
  assert.match((await outcome(engineOn(host).reconcile(wish))).error.message, failure);
  assert.deepEqual(await chunks(host), []);
});
