// The script that every installer runs: which disk it takes, which never, and what the master hears. A machine is a folder, its disks are files, and the script is the real one.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MACHINE, NONCE, SITE, stamp } from "../imaging/machine.ts";

const script = join(import.meta.dirname, "../../provider/install/netboot.sh");
const MIB = 1 << 20, SIZE = 8 * MIB, STAMPS = 254 * 4096, IMAGE = "a".repeat(64);

interface Disk { name: string; target?: { name: string; lun: number; beyond?: boolean }; size?: number; content?: Buffer; serial?: string; wwn?: string; bus?: string; removable?: number; ro?: number; start?: number }

/** What the tool does in these tests: reboots and waits for a person end the script. */
const STUBS = {
  udevadm: 'cat "$NETBOOT_ROOT/udev/${5##*/}"',
  sleep: 'case $1 in 60) echo stays >"$NETBOOT_ROOT/ended"; kill -9 $PPID ;; esac',
  reboot: 'echo reboots >"$NETBOOT_ROOT/ended"; kill -9 $PPID',
  modprobe: 'echo "$@" >>"$NETBOOT_ROOT/modules"',
  // What is behind the login comes with it.
  iscsistart: 'echo "$@" >>"$NETBOOT_ROOT/logins"; [ ! -d "$NETBOOT_ROOT/beyond" ] || exec cp -a "$NETBOOT_ROOT/beyond/." "$NETBOOT_ROOT/"; echo "login failed" >&2; exit 7',
  poweroff: 'echo poweroffs >"$NETBOOT_ROOT/ended"; kill -9 $PPID',
};

const folders: string[] = [];
const servers: Server[] = [];
after(() => { for (const folder of folders) rmSync(folder, { recursive: true }); for (const server of servers) server.close(); });

async function machine(disks: Disk[], changes: Record<string, string> = {}, fetcher: "curl" | "wget" = "curl") {
  const root = mkdtempSync(join(tmpdir(), "installer-"));
  folders.push(root);
  const write = (path: string, text: string | Buffer) => { mkdirSync(join(root, path, ".."), { recursive: true }); writeFileSync(join(root, path), text); };
  const job = { nonce: NONCE, site: SITE, machine: MACHINE, generation: "3", do: "install", image: IMAGE, family: "debian", disk: "only", overwrite: "no", retries: "0", then: "reboot", failure: "wait", ...changes };
  const files: Record<string, Buffer> = {
    [`/orders/${MACHINE}/job`]: Buffer.from(`netboot-job 1\n${Object.entries(job).map(([key, value]) => `${key} ${value}\n`).join("")}end end\n`),
    [`/orders/${MACHINE}/stamp.writing`]: stamp({ image: IMAGE, state: "writing" }).subarray(0, 4096), [`/orders/${MACHINE}/stamp.done`]: stamp({ image: IMAGE }).subarray(0, 4096),
  };
  const heard: Record<string, string[]> = {};
  const server = createServer(async (query, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of query) chunks.push(chunk);
    if (query.method === "PUT") return void ((heard[query.url!] ??= []).push(Buffer.concat(chunks).toString()), answer.writeHead(201).end());
    answer.writeHead(files[query.url!] ? 200 : 404).end(files[query.url!]);
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  write("proc/cmdline", `quiet netboot.master=http://127.0.0.1:${(server.address() as AddressInfo).port} netboot.machine=${MACHINE} netboot.order=${NONCE} console=ttyS0\n`);
  write("proc/uptime", "12.5 3.0\n"), write("proc/mounts", "/dev/sdz1 / ext4 rw 0 0\n"), write("tmp/keep", "");
  for (const { name, target, size = SIZE, content, serial, wwn, bus = "ata", removable = 0, ro = 0, start } of disks) {
    const at = target?.beyond ? "beyond/" : "";
    write(`${at}dev/${name}`, content ?? ""), truncateSync(join(root, at, "dev", name), size);
    write(`${at}sys/block/${name}/size`, `${size / 512}\n`), write(`${at}sys/block/${name}/removable`, `${removable}\n`), write(`${at}sys/block/${name}/ro`, `${ro}\n`);
    if (target) {
      const device = `sys/devices/platform/host2/session3/target2:0:0/2:0:0:${target.lun}`;
      write(`${at}${device}/type`, "0\n"), write(`${at}sys/class/iscsi_session/session3/targetname`, `${target.name}\n`), symlinkSync(`../../../${device}`, join(root, at, `sys/block/${name}/device`));
    }
    if (start !== undefined) write(`sys/block/${name}/${name}1/start`, `${start}\n`);
    write(`${at}udev/${name}`, `ID_BUS=${bus}\n${serial ? `ID_SERIAL_SHORT=${serial}\n` : ""}${wwn ? `ID_WWN=${wwn}\n` : ""}`);
  }
  for (const [name, text] of Object.entries(STUBS)) write(`bin/${name}`, `#!/bin/sh\n${text}\n`), chmodSync(join(root, "bin", name), 0o755);
  for (const tool of [fetcher, "awk", "cat", "cp", "cut", "dd", "grep", "head", "mkdir", "mv", "readlink", "rm", "sed", "sort", "sync", "tail", "tr", "wc", "sh"]) {
    const found = ["/usr/bin", "/bin"].map((folder) => join(folder, tool)).find((file) => existsSync(file));
    if (found) symlinkSync(found, join(root, "bin", tool));
  }
  const run = (...args: string[]) => new Promise<{ code: number | null; out: string; err: string; ended: string }>((end) => {
    rmSync(join(root, "ended"), { force: true });
    const child = spawn("/bin/sh", [script, ...args], { env: { PATH: join(root, "bin"), NETBOOT_ROOT: root } });
    let out = "", err = "";
    child.stdout.on("data", (data) => (out += data)), child.stderr.on("data", (data) => (err += data));
    child.on("close", (code) => end({ code, out: out.trim(), err, ended: existsSync(join(root, "ended")) ? readFileSync(join(root, "ended"), "utf8").trim() : "" }));
  });
  const said = () => JSON.parse(heard[`/reports/${MACHINE}/status`]?.at(-1) ?? "{}");
  return { root, run, heard, said, disk: (name: string) => readFileSync(join(root, "dev", name)) };
}

const full = (at = 0, size = SIZE) => { const all = Buffer.alloc(size); all.write("something", at); return all; };
const marked = (values: Parameters<typeof stamp>[0], rest = full()) => (stamp(values).copy(rest, STAMPS), rest);

test("the disk is the one that the order names", async (t) => {
  const two: Disk[] = [{ name: "sda", serial: "A1", wwn: "0x5002538e40a1b2c3" }, { name: "nvme0n1", serial: "B2", size: 2 * SIZE }];
  const chosen: [string, Disk[], string, string][] = [
    ["only", [{ name: "sda" }, { name: "sdb", bus: "usb" }, { name: "sdc", removable: 1 }, { name: "loop0" }, { name: "sr0" }], "only", "sda"],
    ["serial", two, "serial=B2", "nvme0n1"], ["wwn", two, "wwn=0x5002538e40a1b2c3", "sda"], ["size", two, `size=${SIZE + 1}-${3 * SIZE}`, "nvme0n1"], ["name", two, "name=sda", "sda"],
    ["usb, where it is named", [{ name: "sda" }, { name: "sdb", bus: "usb", serial: "U" }], "serial=U", "sdb"],
  ];
  for (const [name, disks, disk, wanted] of chosen)
    await t.test(name, async () => {
      const { run, said } = await machine(disks, { disk });
      assert.equal((await run("disk")).out, `/dev/${wanted}`);
      assert.deepEqual([said().stage, said().generation, said().disk.split(" ")[0]], ["write", 3, wanted]);
    });
  await t.test("id", async () => {
    const { root, run } = await machine(two, { disk: "id=nvme-B2" });
    mkdirSync(join(root, "dev/disk/by-id"), { recursive: true });
    symlinkSync("../../nvme0n1", join(root, "dev/disk/by-id/nvme-B2"));
    assert.equal((await run("disk")).out, "/dev/nvme0n1");
  });
  const none: [string, Disk[], string, RegExp][] = [
    ["two are that", two, "only", /2 disks are that.*nvme0n1.*sda \(8388608 bytes, serial A1\)/], ["none is that", two, "serial=C3", /no disk that may be written is that/],
    ["mounted", [{ name: "sdz" }], "only", /sdz \(8388608 bytes, serial unknown, mounted\)/], ["read-only", [{ name: "sda", ro: 1 }], "only", /read-only/],
  ];
  for (const [name, disks, disk, words] of none)
    await t.test(name, async () => {
      const { run, said } = await machine(disks, { disk });
      const { out, ended } = await run("disk");
      assert.deepEqual([out, ended, said().stage], ["", "stays", "failed"]);
      assert.match(said().error, words);
    });
});

test("a disk of the master is logged in to, and is the first of the target that the order names", async (t) => {
  const name = "iqn.2024-07.internal.netboot:rack-01:golden", disk = `target=${name}`;
  const beyond: Disk[] = [1, 2, 11].map((lun) => ({ name: `sd${"abcdefghijk"[lun]}`, target: { name, lun, beyond: true } }));
  await t.test("beside a disk of the machine's own, and others of the target", async () => {
    const { root, run, said } = await machine([{ name: "sda" }, ...beyond], { disk });
    assert.equal((await run("disk")).out, "/dev/sdb");
    assert.equal(said().disk.split(" ")[0], "sdb");
    assert.equal(readFileSync(join(root, "modules"), "utf8"), "-q iscsi_tcp\n-q iscsi_ibft\n");
    assert.equal(readFileSync(join(root, "logins"), "utf8"), "-b\n");
  });
  await t.test("logged in to already, by the installer itself", async () => {
    const { root, run } = await machine([{ name: "sdb", target: { name, lun: 1 } }], { disk });
    assert.equal((await run("disk")).out, "/dev/sdb");
    assert.ok(!existsSync(join(root, "logins")));
  });
  await t.test("with another machine's system on it, where overwriting is said, and only there", async () => {
    const theirs = marked({ machine: "desk-02" });
    const copied: Disk[] = [{ name: "sdb", content: theirs, target: { name, lun: 1 } }];
    assert.equal((await (await machine(copied, { disk, overwrite: "yes" })).run("disk")).out, "/dev/sdb");
    const { run, said, disk: content } = await machine(copied, { disk });
    assert.equal((await run("disk")).ended, "stays");
    assert.match(said().error, /belongs to the machine desk-02/);
    assert.deepEqual(content("sdb"), theirs);
  });
  const none: [string, Disk[], RegExp][] = [
    ["the login is refused: no disk of the machine's own is taken for it", [{ name: "sda" }], /the order's disk is target=iqn\S+golden, and no disk that may be written is that.*sda \(\d+ bytes, serial unknown\); logging in to the master's: login failed/],
    ["another target's", [{ name: "sda", target: { name: `${name}-2`, lun: 1, beyond: true } }], /no disk that may be written is that/],
  ];
  for (const [what, disks, words] of none)
    await t.test(what, async () => {
      const { run, said } = await machine(disks, { disk });
      const { out, ended } = await run("disk");
      assert.deepEqual([out, ended], ["", "stays"]);
      assert.match(said().error, words);
    });
});

test("a disk is erased if it is blank or this machine's own, and any other only where that is said", async (t) => {
  const kept: [string, Buffer, Record<string, string>, RegExp][] = [
    ["something at its beginning", full(), {}, /something on it that is not ours; nothing on it was changed/], ["something at its end", full(SIZE - 100), {}, /something on it/],
    ["another machine's, though overwrite is said", marked({ machine: "desk-02" }), { overwrite: "yes" }, /belongs to the machine desk-02/],
    ["another site's, though overwrite is said", marked({ site: "6".repeat(32) }), { overwrite: "yes" }, /another site/],
  ];
  for (const [name, content, changes, words] of kept)
    await t.test(name, async () => {
      const { run, said, disk } = await machine([{ name: "sda", content }], changes);
      const { out, ended } = await run("disk");
      assert.deepEqual([out, ended], ["", "stays"]);
      assert.match(said().error, words);
      assert.deepEqual(disk("sda"), content);
    });
  const taken: [string, Buffer | undefined, Record<string, string>][] = [
    ["blank", undefined, {}], ["overwrite", full(), { overwrite: "yes" }], ["its own of an older generation", marked({ generation: 2 }), {}],
    ["its own, broken off", marked({ state: "writing" }), {}], ["its own, whose first stamp is gone", (() => { const all = marked({ generation: 2 }); all.fill(0, STAMPS + 4096, STAMPS + 8192); return all; })(), {}],
  ];
  for (const [name, content, changes] of taken)
    await t.test(name, async () => {
      const { run, disk } = await machine([{ name: "sda", content }], changes);
      assert.equal((await run("disk")).out, "/dev/sda");
      assert.deepEqual(disk("sda").subarray(STAMPS, MIB), stamp({ image: IMAGE, state: "writing" }), "from now on it says whose it is");
    });
  await t.test("done already: it is reported again, and the machine starts its disk", async () => {
    const content = marked({ generation: 3, image: IMAGE });
    const { run, heard, disk } = await machine([{ name: "sda", content }]);
    assert.equal((await run("disk")).ended, "reboots");
    assert.deepEqual(heard[`/claims/${NONCE}/done`], [`nonce ${NONCE}\ngeneration 3\nimage ${IMAGE}\nend end\n`]);
    assert.deepEqual(disk("sda"), content);
  });
});

for (const fetcher of ["curl", "wget"] as const)
  test(`the end is stamped and reported, by ${fetcher}`, async () => {
    const { run, heard, said, disk } = await machine([{ name: "sda", start: 2048 }], {}, fetcher);
    assert.equal((await run("start")).code, 0);
    assert.equal(said().stage, "start");
    assert.equal((await run("disk")).out, "/dev/sda");
    await run("done");
    assert.deepEqual(heard[`/claims/${NONCE}/done`], [`nonce ${NONCE}\ngeneration 3\nimage ${IMAGE}\nend end\n`]);
    assert.deepEqual([said().stage, said().generation, said().image], ["done", 3, IMAGE]);
    assert.deepEqual(disk("sda").subarray(STAMPS, MIB), stamp({ image: IMAGE }));
  });

test("no stamp is written into what the installer has put in its place", async () => {
  const { root, run, disk } = await machine([{ name: "sda", start: 63 }]);
  await run("disk");
  writeFileSync(join(root, "dev/sda"), full(STAMPS));
  await run("done");
  assert.deepEqual(disk("sda"), full(STAMPS));
});

test("a failure is said, and ends as the order says", async () => {
  for (const [failure, end] of [["wait", ""], ["reboot", "reboots"], ["poweroff", "poweroffs"]] as const) {
    const { run, said } = await machine([{ name: "sda" }], { failure });
    await run("start");
    assert.equal((await run("failed", 'it broke: "so"\n')).ended, end);
    assert.deepEqual([said().stage, said().error], ["failed", "it broke: 'so' "]);
  }
});

test("debian-installer's log says which of its parts cannot go on", async () => {
  const { root, run, said } = await machine([{ name: "sda" }], { failure: "reboot" });
  await run("start");
  mkdirSync(join(root, "var/log"), { recursive: true });
  writeFileSync(join(root, "var/log/syslog"), "Nov 21 21:00:00 main-menu[123]: WARNING **: Menu item 'bootstrap-base' failed.\n");
  assert.equal((await run("watch")).ended, "reboots");
  assert.match(said().error, /^bootstrap-base failed/);
});

test("debian-installer that says nothing more waits for somebody", async () => {
  const { root, run, said, heard } = await machine([{ name: "sda" }], { failure: "poweroff" });
  await run("start");
  mkdirSync(join(root, "var/log"), { recursive: true });
  writeFileSync(join(root, "var/log/syslog"), "Nov 21 21:00:00 partman: what now?\n");
  assert.equal((await run("watch")).ended, "poweroffs");
  assert.match(said().error, /^nothing has happened for half an hour/);
  assert.equal(heard[`/reports/${MACHINE}/status`]!.length, 1 + 90 + 1);
});

test("an order that is another's, or gone, is none", async () => {
  for (const changes of [{ nonce: "f".repeat(32) }, { do: "clone" }] as Record<string, string>[]) {
    const { run, disk } = await machine([{ name: "sda" }], changes);
    const { out, ended } = await run("disk");
    assert.deepEqual([out, ended], ["", "stays"]);
    assert.deepEqual(disk("sda"), Buffer.alloc(SIZE));
  }
});
