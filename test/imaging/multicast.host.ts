// An image by multicast: what a machine makes of the stream that reaches it, and what the master sends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { disk, MiB, serve, type Served, sha256 } from "./image.ts";
import { NONCE, setting, skip, stamped } from "./machine.ts";
import type { Master } from "./server.ts";

/** Four parts, the third of them zeros. */
let made: Buffer, image: Served;
before(() => {
  if (skip) return;
  made = Buffer.concat([disk({ label: "dos", fs: "none" }), Buffer.alloc(188 * MiB), randomBytes(3 * MiB), Buffer.alloc(MiB)]);
  randomBytes(3 * MiB).copy(made, 70 * MiB);
  image = serve(made);
});

/** Packed bytes of each part that has any, by its number. */
function parts({ digest, files }: Served): Map<number, Buffer> {
  const lists = [...files].flatMap(([path, data]) => (path.startsWith(`/images/${digest}/part.`) ? [[Number(path.split(".").at(-1)), data.toString().trim().split("\n")] as const] : []));
  return new Map(lists.sort(([a], [b]) => a - b).map(([n, names]) => [n, Buffer.concat(names.map((name) => files.get(`/chunks/${name.slice(0, 2)}/${name}.zst`)!))]));
}

/** A session as machines see it: what is said from the first, the second … look on. */
function session(master: Master, ...said: (string | undefined)[]) {
  master.fault = (asked, times) => {
    if (asked !== "GET /multicast/session") return undefined;
    const says = said[Math.min(times, said.length) - 1];
    if (says) master.files.set("/multicast/session", Buffer.from(`${image.digest} ${says}\n`));
    else master.files.delete("/multicast/session");
    return undefined;
  };
}
const asks = (master: Master) => master.put.get(`/multicast/waiting/${NONCE}`);
/** Parts whose list was asked for, which by multicast nobody needs but for the image's ends. */
const byHttp = ({ asked }: Master) => asked.flatMap((line) => /part\.(\d+)$/.exec(line)?.[1] ?? []).map(Number).sort();

async function clone(t: TestContext, stream: Buffer, said: (string | undefined)[], prepare: (master: Master, root: string) => void = () => undefined) {
  const { machine, master } = await setting(t, image, [{ name: "sda", size: made.length }], { job: { transport: "multicast 3", verify: "stream" } });
  writeFileSync(join(machine.root, "stream"), stream);
  session(master, ...said);
  prepare(master, machine.root);
  assert.equal(await machine.run(), "reboots", machine.error + machine.output);
  assert.ok(machine.disk().equals(stamped(made)), machine.output);
  return { machine, master };
}

const joined = [undefined, undefined, "gathering", "sending 9000"];
const damaged = (data: Buffer) => { const wrong = Buffer.from(data); wrong[wrong.length >> 1]! ^= 1; return wrong; };

test("a machine", { skip, concurrency: 2 }, async (t) => {
  const [first, second, last] = [...parts(image).values()] as [Buffer, Buffer, Buffer];
  const all = Buffer.concat([first, second, last]);
  // The first MiB and the last are asked for before anything is written.
  const cases: [string, Buffer, RegExp, number[]][] = [
    ["takes all that comes", all, /3 of 3 parts came/, [0, 3]],
    ["fetches what comes with wrong bytes", Buffer.concat([first, damaged(second), last]), /2 of 3 parts came/, [0, 1, 3]],
    ["fetches what does not come", all.subarray(0, first.length + 1000), /1 of 3 parts came/, [0, 1, 3]],
    ["takes none of another stream", randomBytes(all.length), /0 of 3 parts came/, [0, 1, 3]],
  ];
  for (const [name, stream, words, lists] of cases)
    await t.test(name, async (t) => {
      const { machine, master } = await clone(t, stream, joined);
      assert.deepEqual(asks(master), [`${image.digest}\n`]);
      assert.match(machine.output, words);
      assert.deepEqual(byHttp(master), lists);
    });
  const alone: [string, (string | undefined)[], RegExp][] = [
    ["that comes late does not wait", ["sending 9000"], /has begun already/],
    ["that is alone goes on as soon as the master says so", [undefined, "gathering", undefined], /no other machine waits/],
    ["waits no longer than it is told", [undefined], /no session has begun/],
  ];
  for (const [name, said, words] of alone)
    await t.test(name, async (t) => {
      const { machine, master } = await clone(t, all, said);
      assert.match(machine.output, words);
      assert.equal(asks(master) === undefined, name.includes("late"));
      assert.deepEqual(byHttp(master), [0, 1, 3]);
    });
  await t.test("waits its turn while another image is sent, and longer than it is told for that", async (t) => {
    const { machine, master } = await clone(t, all, [], (master) => {
      let began = 0;
      master.fault = (asked) => {
        if (asked !== "GET /multicast/session") return undefined;
        const seconds = (Date.now() - (began ||= Date.now())) / 1000;
        master.files.set("/multicast/session", Buffer.from(seconds < 12 ? `${"f".repeat(64)} sending 9000\n` : `${image.digest} ${seconds < 12.5 ? "gathering" : "sending 9000"}\n`));
        return undefined;
      };
    });
    assert.match(machine.output, /3 of 3 parts came/);
    assert.deepEqual(asks(master), Array(2).fill(`${image.digest}\n`), "said again, for the master to remember it");
  });
  await t.test("that the master does not take in, or with little memory, goes on by itself", async (t) => {
    await clone(t, all, joined, (master) => { const { fault } = master; master.fault = (asked, times) => (asked.includes("waiting") ? { status: 404 } : fault(asked, times)); });
    const { master } = await clone(t, all, joined, (_, root) => writeFileSync(join(root, "proc/meminfo"), "MemAvailable: 200000 kB\n"));
    assert.equal(asks(master), undefined);
  });
});

/** The master's side: its script, with a sender that keeps what it is to send. */
async function send(t: TestContext, waiting: Record<string, { image: string; seconds?: number }>, settings: Record<string, number> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "session-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [http, run] = [join(folder, "http"), join(folder, "run")];
  for (const [path, data] of image.files) { mkdirSync(dirname(join(http, path)), { recursive: true }); writeFileSync(join(http, path), data); }
  mkdirSync(join(run, "waiting"), { recursive: true });
  for (const [order, { image, seconds = 0 }] of Object.entries(waiting)) {
    const file = join(run, "waiting", order), at = Date.now() / 1000 - seconds;
    writeFileSync(file, `${image}\n`);
    utimesSync(file, at, at);
  }
  writeFileSync(join(folder, "udp-sender"), `#!/bin/sh\nprintf '%s ' "$@" >${folder}/arguments; cp session ${folder}/said; cat >${folder}/stream\n`);
  chmodSync(join(folder, "udp-sender"), 0o755);
  const env = { PATH: `${folder}:${process.env["PATH"]}`, HTTP: http, RUN: run, INTERFACE: "10.0.0.2", ADDRESS: "239.255.67.69", RATE: "40m", MACHINES: "1000", WAIT: "2", PATIENCE: "17", ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)])) };
  const began = Date.now();
  const code = await new Promise((done) => spawn("sh", [join(import.meta.dirname, "../../provider/resources/masterServer/multicast.sh")], { env, stdio: "ignore" }).on("close", done));
  assert.equal(code, 0);
  const text = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : undefined);
  assert.ok(!existsSync(join(run, "session")), "a session that is over says nothing");
  return { seconds: (Date.now() - began) / 1000, said: text("said")?.toString(), stream: text("stream"), arguments: text("arguments")?.toString() ?? "", left: readdirSync(join(run, "waiting")) };
}

test("the master", { skip }, async (t) => {
  const mine = () => ({ image: image.digest });
  await t.test("sends the parts in their order to all who wait", async (t) => {
    const sent = await send(t, { a: mine(), b: mine(), c: { image: "f".repeat(64), seconds: -1 } });
    assert.equal(sha256(sent.stream!), sha256(Buffer.concat([...parts(image).values()])));
    assert.equal(sent.said, `${image.digest} sending 9000\n`);
    assert.match(sent.arguments, /--interface 10\.0\.0\.2 .*--mcast-data-address 239\.255\.67\.69 --max-bitrate 40m --min-receivers 2 /);
    assert.ok(sent.seconds >= 1, `${sent.seconds}`);
    assert.deepEqual(sent.left, ["c"], "another image is another session");
  });
  await t.test("begins at once when all are there", async (t) => {
    const sent = await send(t, { a: mine(), b: mine() }, { MACHINES: 2, WAIT: 600, PATIENCE: 615 });
    assert.ok(sent.stream && sent.seconds < 5);
  });
  await t.test("sends nothing to one machine, nor to those who have gone, nor what it has not", async (t) => {
    for (const who of [{ a: mine() }, { a: mine(), b: { ...mine(), seconds: 20 } }, { a: { image: "f".repeat(64) }, b: { image: "../../etc", seconds: -1 } }] as Record<string, { image: string }>[]) {
      const sent = await send(t, who);
      assert.ok(!sent.stream);
      if (who["b"]?.image !== "../../etc") assert.deepEqual(sent.left, []);
    }
  });
});
