// Disk images taken in on a host without a machine, by the real scripts and the real tools.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Transform } from "node:stream";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { imageInput } from "../../sdk/dist/imageFile.js";
import { createEngine } from "../../provider/dist/engine/index.js";
import { fastHost, type FastHost } from "../engine/fastHost.ts";
import { gone, urn } from "../engine/site.ts";
import { judged } from "../resources/resource.ts";
import { resolved } from "../resources/cases.ts";
import { disk, folder, MIB, noise, packed, sha256Of } from "./disk.ts";

// What is not there cannot be tested, and must not look as if it had been.
for (const tool of ["zstd", "xz", "gzip", "xxhsum", "curl"]) execFileSync("which", [tool]);
process.env.XDG_CACHE_HOME = "/nonexistent";

const hosts: FastHost[] = [];
after(() => hosts.forEach((host) => host.remove()));
const template = fastHost();
for (const name of ["zstd", "xz-utils", "xxhash", "curl"]) await template.shell(`touch /stub/dpkg/${name} /stub/repo/${name}`);
hosts.push(template);
const newHost = () => {
  const host = template.copy();
  hosts.push(host);
  return host;
};
const engineOn = (host: FastHost, connect = host.connect()) => createEngine(connect, { watch: 0, patience: 20, who: "a test" });
const outcome = (work: Promise<any>): Promise<any> => work.then((result) => ({ result }), (error) => ({ error }));

async function op(name: string, source: any, more: object = {}): Promise<any> {
  const { failures, desired } = judged("DiskImage", { name, master: resolved("@master"), source: await imageInput(source), ...more } as any);
  assert.deepEqual(failures, []);
  const { state, builds, sources, checks } = desired!;
  return { owner: urn("DiskImage", name), label: `DiskImage "${name}"`, want: state, builds, sources, checks };
}
const placeOf = (one: any) => Object.keys(one.want.artifacts)[0]!;
const indexOf = (host: FastHost, one: any) => readFileSync(host.path(`${placeOf(one)}/index`), "utf8").trimEnd().split("\n");
const partsOf = (host: FastHost, one: any) => indexOf(host, one).filter((line) => line.startsWith("part "));
const chunks = async (host: FastHost) => (await host.shell("cd /srv/netboot/http/chunks 2>/dev/null && find . -type f | sort")).stdout.split("\n").filter(Boolean);
const ours = (host: FastHost) => Object.keys(host.snapshot()).filter((path) => /^\/srv\/./.test(path));

/** The disk, put together from what is served as a machine does it. */
async function restored(host: FastHost, one: any): Promise<string> {
  const script = `cd ${placeOf(one)}; grep ^part index | while read -r _ n offset length sum xxh packed; do
  if [ $sum = zero ]; then head -c $length /dev/zero; continue; fi
  sed 's|^\\(..\\).*|../../chunks/\\1/&.zst|' part.$n | xargs cat >/tmp/part
  [ "$(sha256sum </tmp/part | cut -c1-64)" = $sum ] && [ "$(wc -c </tmp/part)" = $packed ] && [ "$(zstd -dc </tmp/part | xxhsum -H2 | cut -c1-32)" = $xxh ] || echo wrong
  zstd -dc </tmp/part
done | sha256sum`;
  return (await host.shell(script)).stdout.slice(0, 64);
}

const raw = disk("classroom", { size: 72 * MIB, gpt: true, pieces: [[MIB, noise("a", 3 * MIB)], [65 * MIB + 17, noise("b", MIB)], [70 * MIB + 5, noise("c", 2 * MIB - 5)]] });

test("raw, gzip, zstd and xz of one disk, sent, fetched or there already, give the same parts, and the disk back", async () => {
  const host = newHost();
  const engine = engineOn(host);
  const files = { raw, gzip: packed(raw, "gzip"), zstd: packed(raw, "zstd"), xz: packed(raw, "xz", "-1") };
  cpSync(files.xz, host.path("/tmp/there.img"));
  let cuts = 0;
  // A server that breaks off in the middle, once, and can go on.
  const server = createServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const body = readFileSync(files.gzip).subarray(from);
    response.writeHead(from ? 206 : 200, { "content-length": body.length, ...(from && { "content-range": `bytes ${from}-${from + body.length - 1}/${from + body.length}` }) });
    if (cuts++ === 0) return response.write(body.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 200));
    response.end(body);
  });
  await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
  const said: string[] = [];
  const ops = [
    await op("raw", files.raw),
    await op("zstd", { path: files.zstd, sha256: sha256Of(files.zstd) }),
    await op("url", { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/classroom.gz`, sha256: sha256Of(files.gzip) }),
    await op("master", { master: "/tmp/there.img" }, { sha256: sha256Of(files.xz) }),
  ];
    const list: string[][] = [];
  for (const one of ops) {
    const { error } = await outcome(engine.reconcile({ ...one, status: (text: string) => said.push(text) }));
    assert.equal(error, undefined, String(error));
    list.push(partsOf(host, one));
    assert.equal(await restored(host, one), sha256Of(raw), one.label);
  }
  server.close();
  assert.equal(cuts, 2);
  for (const parts of list) assert.deepEqual(parts, list[0]);
  assert.match(list[0]![1]!, /^part 1 67108864 8388608 [0-9a-f]{64} [0-9a-f]{32} \d+$/);
  const header = indexOf(host, ops[0]);
  assert.deepEqual([...header.slice(0, 4), header.at(-1)], ["netboot-image 1", `sha256 ${sha256Of(raw)}`, `size ${72 * MIB}`, "chunk 2097152", "end end"]);
  assert.ok(said.some((line) => /^image raw: 100 %, 72 MiB, \d+ MiB\/s$/.test(line)) && said.some((line) => /^image url: fetched \d+ MiB/.test(line)), said.join("\n"));
  assert.equal((await engineOn(host).reconcile(ops[1])).changed.length, 0);
  await host.shell("rm $(find /srv/netboot/http/chunks -type f -size +1000k | head -n 1)");
  const mended = await engineOn(host).reconcile(ops[0]);
  assert.deepEqual(mended.changed.map((change) => change.why), ["changed since it was built"]);
  assert.equal(await restored(host, ops[0]), sha256Of(raw));
  for (const one of ops) await engine.reconcile(gone(one));
  assert.deepEqual(ours(host), []);
  assert.ok(host.snapshot()["/tmp/there.img"], "what was on the master before stays");
});

test("a part of nothing but zeros has no chunks, and says so", async () => {
  const host = newHost();
  const one = await op("hollow", disk("hollow", { size: 130 * MIB }));
  await engineOn(host).reconcile(one);
  assert.match(partsOf(host, one)[1]!, /^part 1 67108864 67108864 zero [0-9a-f]{32} 0$/);
  assert.equal(await restored(host, one), sha256Of(`${raw.replace("classroom", "hollow")}`));
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

test("what is no disk image, is damaged or is not what it should be is refused in words, and leaves nothing", async () => {
  const host = newHost();
  const engine = engineOn(host);
  const there = async (name: string, file: string, sha256 = sha256Of(file)): Promise<string> => {
    cpSync(file, host.path(`/tmp/${name}`));
    const { error } = await outcome(engine.reconcile(await op(name, { master: `/tmp/${name}`, sha256 })));
    assert.ok(error, name);
    return error.message;
  };
  const cut = (name: string, file: string, bytes: number) => {
    const path = join(folder, `cut-${name}`);
    execFileSync("sh", ["-c", `head -c ${bytes} '${file}' >'${path}'`]);
    return path;
  };
  const server = createServer((_request, response) => response.writeHead(404).end("no"));
  await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
  const small = disk("small", { pieces: [[2 * MIB, noise("s", 2 * MIB)]] });
  assert.match(await there("stamp", packed(disk("s", { pieces: [[1_040_384 + 5000, Buffer.from("x")]] }), "xz")), /bytes 1040384 to 1048575 .* are not empty/);
  assert.match(await there("early", disk("e", { first: 63 })), /partition 1 covers the last 8 KiB of the first MiB/);
  assert.match(await there("early-gpt", packed(disk("g", { first: 40, gpt: true }), "zstd")), /partition 1 covers/);
  assert.match(await there("text", cut("t", "/usr/bin/zstd", 4 * MIB)), /has no partition table/);
  assert.match(await there("short", cut("c", small, 60 * MIB)), /a partition ends at byte 73400320, behind its end at 62914560: it was cut short/);
  for (const packer of ["gzip", "zstd", "xz"] as const) assert.match(await there(packer, cut("p", packed(small, packer), 1_500_000)), /cannot be unpacked: it is damaged, or cut short/, packer);
  assert.match(await there("digest", small, "12".repeat(32)), /\/tmp\/digest has the SHA-256 \w{64} and not 1212/);
  assert.match((await outcome(engine.reconcile(await op("none", { master: "/tmp/none", sha256: "12".repeat(32) })))).error.message, /there is no file \/tmp\/none on the master/);
  assert.match((await outcome(engine.reconcile(await op("none", { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, sha256: "12".repeat(32) })))).error?.message ?? "", /cannot fetch http:\S+\/x: the server answers 404/);
  server.close();
  assert.deepEqual(ours(host).filter((path) => !path.endsWith("/")), []);
  assert.deepEqual(await chunks(host), []);
});

test("of a raw image of 1 GiB with 1 % changed, little more than the change is sent, and after a broken connection no block twice", async () => {
  const host = newHost();
  let bytes = 0;
  let breakAt = Infinity;
  const connect = async () => {
    const transport = await host.connect()();
    const send = async (command: string, body: any) => {
      const cut = Transform.from(async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          if (bytes >= breakAt) return;
          bytes += chunk.length;
          yield chunk;
        }
      });
      const output = await transport.send(command, body.pipe(cut));
      if (bytes < breakAt) return output;
      breakAt += 4 * MIB;
      throw Object.assign(new Error("connection lost"), { name: "ConnectionLost" });
    };
    return { ...transport, send };
  };
  const engine = engineOn(host, connect);
  const size = 1024 * MIB;
  const content = noise("content", 20 * MIB);
  // The store is named after what it holds; what is in it is of no matter here.
  const keep = async (name: string, source: string) => {
    const one = await op(name, source);
    const [place] = Object.keys(one.builds) as [string];
    one.builds[place].script = `cd /srv/netboot/http/chunks; while read -r sum _; do [ -f "$IN/${placeOf(one).slice(-64)}.blocks/$sum" ] && mkdir -p keep && : >keep/$sum.zst; done <"$IN/${placeOf(one).slice(-64)}.blocks/list"; cp "$IN/${placeOf(one).slice(-64)}.blocks/list" "$OUT"`;
    const { error } = await outcome(engine.reconcile(one));
    assert.equal(error, undefined, String(error));
    return one;
  };
  await keep("v1", disk("v", { size, pieces: [[300 * MIB, content]] }));
  assert.ok(bytes < 24 * MIB, `zeros are sent: ${bytes}`);
  bytes = 0;
  breakAt = 3 * MIB;
  const change = 0.01 * size;
  const path = disk("v", { size, pieces: [[300 * MIB, content], [302 * MIB + 777, noise("change", change)]] });
  const two = await keep("v2", path);
  assert.ok(bytes <= 1.5 * change, `${bytes} bytes for a change of ${change}`);
  assert.ok(breakAt > 3 * MIB, "the connection was not cut");
  console.log(`# ${(bytes / MIB).toFixed(2)} MiB sent for a change of ${(change / MIB).toFixed(2)} MiB, the connection cut ${(breakAt - 3 * MIB) / 4 / MIB} times`);
  assert.equal(readFileSync(host.path(`${placeOf(two)}/list`), "utf8").trim().split("\n").length, 512);
});

test("an upload whose connection breaks goes on from where it was", async () => {
  const host = newHost();
  let sent = 0;
  let cuts = 0;
  const engine = engineOn(host, async () => {
    const transport = await host.connect()();
    const send = async (command: string, body: any) => {
      let left = cuts < 5 ? 1_500_000 : Infinity;
      const cut = Transform.from(async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          if ((left -= chunk.length) < 0) return;
          sent += chunk.length;
          yield chunk;
        }
      });
      const output = await transport.send(command, body.pipe(cut));
      if (left >= 0) return output;
      cuts++;
      throw Object.assign(new Error("connection lost"), { name: "ConnectionLost" });
    };
    return { ...transport, send };
  });
  const file = join(folder, "large");
  writeFileSync(file, noise("large", 10 * MIB));
  const sha256 = sha256Of(file);
  const path = `/srv/netboot/http/blob/${sha256}/large`;
  const { error } = await outcome(engine.reconcile({ owner: urn("KernelImage", "k"), label: "k", want: { blobs: { [path]: { sha256, size: 10 * MIB } } }, sources: { [sha256]: file } } as any));
  assert.equal(error, undefined, String(error));
  assert.equal(sha256Of(host.path(path)), sha256);
  assert.deepEqual([sent, cuts], [10 * MIB, 5]);
});
