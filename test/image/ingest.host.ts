// Disk images taken in on a host without a machine, by the real scripts and the real tools.
import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gone, urn } from "../engine/site.ts";
import { disk, MIB, noise, packed, sha256Of } from "./disk.ts";
import { chunks, engineOn, indexOf, newHost, op, ours, outcome, partsOf, restored, serve } from "./host.ts";

const raw = disk("classroom", { size: 12 * MIB, gpt: true, pieces: [[MIB, noise("a", 3 * MIB)], [5 * MIB + 17, noise("b", MIB)], [11 * MIB + 5, noise("c", MIB - 5)]] });

test("raw, gzip, zstd and xz of one disk, sent, fetched or there already, give the same parts, and the disk back", async (t) => {
  const host = newHost();
  const engine = engineOn(host);
  const files = { raw, gzip: packed(raw, "gzip", "-1"), zstd: packed(raw, "zstd"), xz: packed(raw, "xz", "-0") };
  cpSync(files.xz, host.path("/tmp/there.img"));
  let cuts = 0;
  // A server that breaks off in the middle, once, and can go on.
  const address = await serve(t, (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const body = readFileSync(files.gzip).subarray(from);
    response.writeHead(from ? 206 : 200, { "content-length": body.length, ...(from && { "content-range": `bytes ${from}-${from + body.length - 1}/${from + body.length}` }) });
    if (cuts++ === 0) return void response.write(body.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 200));
    response.end(body);
  });
  const said: string[] = [];
  const ops = [
    await op("raw", files.raw),
    await op("zstd", { path: files.zstd, sha256: sha256Of(files.zstd) }),
    await op("url", { url: `${address}/classroom.gz`, sha256: sha256Of(files.gzip) }),
    await op("master", { master: "/tmp/there.img" }, { sha256: sha256Of(files.xz) }),
  ];
  const list: string[][] = [];
  for (const one of ops) {
    const { error } = await outcome(engine.reconcile({ ...one, status: (text: string) => said.push(text) }));
    assert.equal(error, undefined, String(error));
    list.push(partsOf(host, one));
    assert.equal(await restored(host, one), sha256Of(raw), one.label);
  }
  assert.equal(cuts, 2);
  for (const parts of list) assert.deepEqual(parts, list[0]);
  assert.match(list[0]![0]!, /^part 0 0 12582912 [0-9a-f]{64} [0-9a-f]{32} \d+$/);
  const header = indexOf(host, ops[0]);
  assert.deepEqual([...header.slice(0, 4), header.at(-1)], ["netboot-image 1", `sha256 ${sha256Of(raw)}`, `size ${12 * MIB}`, "chunk 2097152", "end end"]);
  assert.ok(said.some((line) => /^image raw: 100 %, 12 MiB, \d+ MiB\/s$/.test(line)) && said.some((line) => /^image url: fetched \d+ MiB/.test(line)), said.join("\n"));
  assert.equal((await engineOn(host).reconcile(ops[1])).changed.length, 0);
  await host.shell("rm $(find /srv/netboot/http/chunks -type f -size +1000k | head -n 1)");
  const mended = await engineOn(host).reconcile(ops[0]);
  assert.deepEqual(mended.changed.map((change) => change.why), ["changed since it was built"]);
  assert.equal(await restored(host, ops[0]), sha256Of(raw));
  for (const one of ops) await engine.reconcile(gone(one));
  assert.deepEqual(ours(host), []);
  assert.ok(host.snapshot()["/tmp/there.img"], "what was on the master before stays");
});

test("parts of 64 MiB; one of nothing but zeros has no chunks, and says so", async () => {
  const host = newHost();
  const path = disk("hollow", { size: 130 * MIB, pieces: [[MIB, noise("a", MIB)], [129 * MIB, noise("b", MIB)]] });
  const one = await op("hollow", path);
  await engineOn(host).reconcile(one);
  const parts = partsOf(host, one);
  assert.match(parts[1]!, /^part 1 67108864 67108864 zero [0-9a-f]{32} 0$/);
  assert.match(parts[2]!, /^part 2 134217728 2097152 [0-9a-f]{64} /);
  assert.equal(await restored(host, one), sha256Of(path));
});

test("an image goes with its chunks, but for those that another image has", async () => {
  const host = newHost();
  const engine = engineOn(host);
  const one = await op("one", disk("one", { pieces: [[2 * MIB, noise("shared", 4 * MIB)], [10 * MIB, noise("one", 2 * MIB)]] }));
  const two = await op("two", disk("two", { pieces: [[2 * MIB, noise("shared", 4 * MIB)], [20 * MIB, noise("two", 2 * MIB)]] }));
  await engine.reconcile(one);
  const alone = await chunks(host);
  await engine.reconcile(two);
  await engine.reconcile(gone(two));
  assert.deepEqual(await chunks(host), alone);
  // Replaced: the new one is there before the old one goes.
  await engine.reconcile(two);
  await engine.reconcile(gone(one));
  assert.equal(await restored(host, two), sha256Of(`${raw.replace("classroom", "two")}`));
  // Retained, it is nobody's, and its chunks stay.
  await engine.reconcile({ ...gone(two), retain: true });
  await engine.reconcile(one);
  await engine.reconcile(gone(one));
  const back = engineOn(host);
  await back.reconcile(two);
  assert.equal(back.counts.uploads, 0);
  assert.equal(await restored(host, two), sha256Of(`${raw.replace("classroom", "two")}`));
});

test("an image that an order names stays until that is done, and goes then with its chunks", async () => {
  const host = newHost();
  const source = (name: string) => packed(disk(name, { pieces: [[2 * MIB, noise(name, 2 * MIB)]] }), "zstd");
  const [first, then] = [source("one"), source("two")];
  const [before, after] = [await op("classroom", first), await op("classroom", then)];
  const machine = (generation: number, image: string): any => ({ owner: urn("Machine", "desk"), label: 'Machine "desk"', want: { orders: { desk: { generation, job: `netboot-job 1\nmachine desk\ngeneration ${generation}\ndo clone\nimage ${image}\nend end\n` } } } });
  /** A process of its own, as each `up` is. */
  const up = (wish: any) => engineOn(host).reconcile(wish);
  await up(before);
  await up(machine(1, sha256Of(first)));
  await host.shell("cd /srv/netboot/claims/* && mv open by-x");
  await up(after);
  assert.equal(await restored(host, before), sha256Of(disk("one", { pieces: [[2 * MIB, noise("one", 2 * MIB)]] })));
  // Declared again meanwhile it is somebody's, whatever becomes of the order.
  const again = { ...before, owner: urn("DiskImage", "again") };
  await up(again);
  await host.shell("cd /srv/netboot/claims/* && touch done");
  await up(machine(1, sha256Of(first)));
  assert.ok(indexOf(host, before));
  await up(machine(2, sha256Of(first)));
  await host.shell("cd /srv/netboot/claims/* && mv open by-x");
  await up(gone(again));
  assert.ok(indexOf(host, before));
  await host.shell("cd /srv/netboot/claims/* && touch done");
  await up(machine(2, sha256Of(first)));
  assert.throws(() => indexOf(host, before), /ENOENT/);
  assert.equal(await restored(host, after), sha256Of(disk("two", { pieces: [[2 * MIB, noise("two", 2 * MIB)]] })));
  await up(gone(machine(2, "")));
  await up(gone(after));
  assert.deepEqual((await host.shell("find /srv/netboot /var/lib/netboot -type f")).stdout, "");
});

test("a chunk that went bad on the disk is made anew when another image has it", async () => {
  const host = newHost();
  const engine = engineOn(host);
  const one = await op("one", packed(disk("one", { pieces: [[2 * MIB, noise("shared", 4 * MIB)]] }), "zstd"));
  await engine.reconcile(one);
  await host.shell(`f=$(find /srv/netboot/http/chunks -type f -size +1000k | head -n 1); printf x | dd of=$f bs=1 seek=900000 conv=notrunc`);
  const two = disk("two", { pieces: [[2 * MIB, noise("shared", 4 * MIB)], [20 * MIB, noise("two", 2 * MIB)]] });
  for (const source of [packed(two, "zstd"), two]) {
    const again = await op("two", source);
    assert.equal((await outcome(engine.reconcile(again))).error, undefined);
    assert.equal(await restored(host, again), sha256Of(two));
  }
});
