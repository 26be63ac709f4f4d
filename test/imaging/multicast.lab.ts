// The real sender and real receivers on a network of their own: who dies or stops reading is left behind, and the others have it all.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { MiB, serve } from "./image.ts";

const ip = (...args: string[]) => execFileSync("ip", args, { stdio: "ignore" });
const name = `mc${process.pid}`;
const spaces = ["master", "one", "two", "dying", "stuck"].map((who) => `${name}-${who}`);
/** A switch in a namespace, so that this machine's own firewall has no say, and five machines at it. */
function network(): boolean {
  if (process.getuid!() !== 0 || spawnSync("udp-sender", ["--help"]).error) return false;
  try {
    ip("netns", "add", name);
    ip("-n", name, "link", "add", "switch", "type", "bridge", "mcast_snooping", "0");
    ip("-n", name, "link", "set", "switch", "up");
    for (const [n, space] of spaces.entries()) {
      ip("netns", "add", space);
      ip("-n", name, "link", "add", `p${n}`, "type", "veth", "peer", "name", "eth0", "netns", space);
      ip("-n", name, "link", "set", `p${n}`, "master", "switch", "up");
      ip("-n", space, "address", "add", `10.200.0.${n + 1}/24`, "brd", "+", "dev", "eth0");
      ip("-n", space, "link", "set", "eth0", "up");
    }
    return true;
  } catch {
    return false;
  }
}
const skip = network() ? false : "needs root, network namespaces and udpcast";
after(() => { for (const space of [name, ...spaces]) spawnSync("ip", ["netns", "delete", space]); });

test("two of four receivers fail, and the others have the whole stream soon after", { skip, timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "session-")), run = join(folder, "run");
  t.after(() => rmSync(folder, { recursive: true }));
  const { digest, files } = serve(randomBytes(40 * MiB));
  for (const [path, data] of files) { mkdirSync(dirname(join(folder, "http", path)), { recursive: true }); writeFileSync(join(folder, "http", path), data); }
  mkdirSync(join(run, "waiting"), { recursive: true });
  for (const order of ["a", "b", "c", "d"]) writeFileSync(join(run, "waiting", order), `${digest}\n`);

  const receivers = spaces.slice(1).map((space) => spawn("ip", ["netns", "exec", space, "udp-receiver", "--nokbd", "--no-progress", "--interface", "eth0", "--start-timeout", "30", "--receive-timeout", "30"], { stdio: ["ignore", "pipe", "ignore"] }));
  const [one, two, dying, stuck] = receivers as [ChildProcess, ChildProcess, ChildProcess, ChildProcess];
  const heard = async (receiver: ChildProcess) => {
    const hash = createHash("sha256");
    for await (const data of receiver.stdout!) hash.update(data as Buffer);
    return hash.digest("hex");
  };
  const whole = [heard(one), heard(two)];
  dying.stdout!.resume();                                   // and from `stuck` nobody reads
  const env = { ...process.env, HTTP: join(folder, "http"), RUN: run, INTERFACE: "10.200.0.1", ADDRESS: "239.255.67.69", RATE: "80m", MACHINES: "4", WAIT: "60", PATIENCE: "75" };
  const began = Date.now();
  const master = spawn("ip", ["netns", "exec", spaces[0]!, "sh", join(import.meta.dirname, "../../provider/resources/masterServer/multicast.sh")], { env, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  master.stdout.on("data", (data) => { said += data; });
  setTimeout(() => dying.kill("SIGKILL"), 2000);
  await new Promise((done) => master.on("close", done));
  const seconds = (Date.now() - began) / 1000;
  stuck.kill("SIGKILL");
  const stream = /^part 0 \d+ \d+ ([0-9a-f]{64})/m.exec(files.get(`/images/${digest}/index`)!.toString())![1];
  t.diagnostic(`${seconds.toFixed(0)} s\n${said}`);
  assert.deepEqual(await Promise.all(whole), [stream, stream]);
  assert.equal(said.match(/Dropping client/g)?.length, 2, said);
  assert.ok(seconds < 45, `${seconds} s`);
});
