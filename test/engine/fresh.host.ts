// Disks that their machines have made anew at each boot: the real script and tools, a daemon of stubs, and a plain copy for one that shares its blocks.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { disklessState } from "../../provider/dist/boot/diskless.js";
import { createEngine } from "../../provider/dist/engine/index.js";
import { freshState } from "../../provider/dist/resources/masterServer/fresh.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { urn } from "./site.ts";

const hosts: FastHost[] = [];
after(() => hosts.forEach((host) => host.remove()));
const engineOn = (host: FastHost) => createEngine(host.connect(), { watch: 0, patience: 20, who: "a test" });

const MIB = 1 << 20;
const STORE = "/srv/netboot/volumes";
const RUN = "/run/netboot/fresh";
const master: any = { name: "lab", address: "10.0.0.2", storage: { driver: "reflink", path: STORE, iqn: "iqn.2024-07.internal.netboot" } };
const volume = (name: string, generation = 1, more: object = {}): any => ({ owner: urn("Volume", name), label: name, want: { volumes: { [`${STORE}/${name}`]: { driver: "reflink", generation, size: MIB, ...more } } } });
const golden = (generation = 1) => volume("golden", generation, { history: 1 });
const machine = (name: string, last: number, more: object = {}): any =>
  ({ owner: urn("Machine", name), label: name, want: disklessState({ name, master, address: `10.0.0.${last}`, boot: { kind: "diskless", volume: { name: "golden" }, persist: "discard", generation: 1, retain: false, ...more } } as any) });

const { files } = freshState({ driver: "reflink", path: STORE }, { count: 3, waitSeconds: 5, stallSeconds: 30 });
const unit = files["/etc/systemd/system/netboot-fresh.service"]!;
const setting = [...unit.matchAll(/^Environment=(.*)$/gm)].map(([, line]) => `export ${line}`).join("\n");
const script = `${setting}\n${files["/srv/netboot/fresh.sh"]}`;

const template = fastHost();
hosts.push(template);
const at = (name: string) => `${STORE}/${name}`;
const write = (host: FastHost, name: string, text: string, generation = 1) => host.shell(`printf %s '${text}' | dd of=${at(name)}/disk.${generation} conv=notrunc status=none`);
const begins = (host: FastHost, name: string) => readFileSync(host.path(`${at(name)}/disk.1`)).subarray(0, 6).toString().replaceAll("\0", "");
const done = (host: FastHost, name: string) => (existsSync(host.path(`${RUN}/done/${name}`)) ? readdirSync(host.path(`${RUN}/done/${name}`)) : []);
const live = async (host: FastHost) => (await host.shell("tgtadm --op show --mode target")).stdout;
const number = (digit: string) => digit.repeat(32);
const ask = (host: FastHost, name: string, ...numbers: string[]) => host.shell(`printf '%s\\n' ${numbers.join(" ")} >>${RUN}/asked/${name}`);
const open = (host: FastHost, name: string) => host.shell(`awk '{ print } /^Target / { of = $3 ~ /:${name}:/ } of && /^    I_T nexus inf/ { print "        I_T nexus: 7\\n                IP Address: 10.0.0.99" }' /stub/targets >/stub/t && mv /stub/t /stub/targets`);

async function site(): Promise<FastHost> {
  const host = template.copy();
  hosts.push(host);
  await engineOn(host).reconcile(golden());
  await write(host, "golden", "golden");
  const engine = engineOn(host);
  await Promise.all([engine.reconcile(machine("a", 21)), engine.reconcile(machine("b", 22))]);
  for (const name of ["a", "b"]) await write(host, `golden+${name}`, "mine!!");
  await host.shell(`mkdir -p ${RUN}/asked ${RUN}/done`);
  return host;
}

test("who asks finds the golden disk as it is then, whatever its last boot left open; nobody else's is touched", async () => {
  const host = await site();
  await open(host, "a");
  await open(host, "b");
  const secrets = await host.shell("cat /etc/netboot/iscsi/*");
  await ask(host, "10.0.0.21-golden", number("1"), number("2"));
  const { stdout, code } = await host.shell(script);
  assert.deepEqual([stdout, code], ["10.0.0.21-golden\n", 0]);
  assert.deepEqual([begins(host, "golden+a"), begins(host, "golden+b"), begins(host, "golden")], ["golden", "mine!!", "golden"]);
  assert.deepEqual(done(host, "10.0.0.21-golden"), [number("2")], "only the request that is waited for");
  assert.match(await live(host), /:b:golden\n    I_T nexus information:\n        I_T nexus: 7/, "b keeps its session");
  assert.match(await live(host), /:a:golden\n    I_T nexus information:\n    LUN information:\n        LUN: 1/, "a is offered without the one that it had");
  assert.deepEqual(readdirSync(host.path(`${RUN}/asked`)), []);
  assert.deepEqual(readdirSync(host.path(at("golden+a"))).sort(), ["disk.1", "lineage"]);
  assert.equal((await host.shell("cat /etc/netboot/iscsi/*")).stdout, secrets.stdout);
  for (const name of ["a", "b"]) assert.deepEqual((await engineOn(host).reconcile(machine(name, name === "a" ? 21 : 22))).changed, [], "a commit finds all as it was");

  await host.shell("sed -i /nexus:/d\\;/Address/d /stub/targets");
  await engineOn(host).reconcile(golden(2));
  await write(host, "golden", "second", 2);
  await ask(host, "10.0.0.21-golden", number("3"));
  await host.shell(script);
  assert.equal(begins(host, "golden+a"), "second");
  assert.match(readFileSync(host.path(`${at("golden+a")}/lineage`), "utf8"), /^netboot-volume 1\ndriver reflink\ngeneration 1\nfrom volume \/srv\/netboot\/volumes\/golden 2\n$/);
  assert.deepEqual(done(host, "10.0.0.21-golden"), [number("3")]);

  // Back by one number, while both are on.
  await open(host, "a");
  assert.deepEqual((await engineOn(host).reconcile(machine("a", 21, { at: 1 }))).changed.map(({ key }: any) => key), ["/etc/netboot/fresh/10.0.0.21-golden"]);
  await ask(host, "10.0.0.21-golden", number("4"));
  await host.shell(script);
  assert.equal(begins(host, "golden+a"), "golden");
  assert.deepEqual((await engineOn(host).reconcile(machine("a", 21, { at: 1 }))).changed, []);
});

test("what was not asked for in order is not done, and leaves nothing to do", async () => {
  const host = await site();
  for (const [what, prepare, name, asked] of [
    ["a disk that is kept", ":", "10.0.0.23-golden", number("1")],
    ["a number that is none", ":", "10.0.0.21-golden", "../../x"],
    ["no number", ":", "10.0.0.21-golden", ""],
    ["the daemon does not let go", "cp /stub/bin/tgtadm /tmp; sed -i 's/^  delete-conn.*/  delete-conn) ;;/' /stub/bin/tgtadm; sed -i 's/^    I_T nexus inf.*/&\\n                IP Address: 10.0.0.21/' /stub/targets", "10.0.0.21-golden", number("1")],
    ["golden is gone", `cp /tmp/tgtadm /stub/bin; sed -i '/IP Address/d' /stub/targets; mv ${at("golden")}/lineage /tmp`, "10.0.0.21-golden", number("1")],
    ["a disk of another generation", `mv /tmp/lineage ${at("golden")}; sed -i 's/^generation 1/generation 2/' ${at("golden+a")}/lineage`, "10.0.0.21-golden", number("1")],
    ["nothing is described", `sed -i 's/^generation 2/generation 1/' ${at("golden+a")}/lineage; mv /etc/netboot/iscsi/*:a:* /tmp`, "10.0.0.21-golden", number("1")],
    ["nothing is offered", "mv /tmp/iqn* /etc/netboot/iscsi; : >/stub/targets", "10.0.0.21-golden", number("1")],
  ] as const) {
    await host.shell(prepare);
    await host.shell(`printf '%s\\n' '${asked}' >>${RUN}/asked/${name}`);
    await host.shell(script);
    assert.deepEqual([begins(host, "golden+a"), done(host, name), readdirSync(host.path(`${RUN}/asked`))], ["mine!!", [], []], what);
  }
});

test("of several disks those are made anew that are to be, and the others are there again as they were", async () => {
  const host = await site();
  for (const name of ["home", "library"]) {
    await engineOn(host).reconcile(volume(name));
    await write(host, name, name);
  }
  const kept = { generation: 1, retain: false };
  const several = machine("a", 21, { dataDisks: [{ volume: { name: "home" }, lun: 2, access: "write", persist: "keep", ...kept }, { volume: { name: "library" }, lun: 7, access: "read", persist: "discard", ...kept }] });
  await engineOn(host).reconcile(several);
  await write(host, "golden+a", "mine!!");
  await write(host, "home+a", "mine!!");
  await write(host, "library", "newest");
  await ask(host, "10.0.0.21-golden", number("1"));
  assert.equal((await host.shell(script)).stdout, "10.0.0.21-golden\n");
  assert.deepEqual(["golden+a", "home+a", "library+a"].map((name) => begins(host, name)), ["golden", "mine!!", "newest"]);
  assert.deepEqual((await engineOn(host).reconcile(several)).changed, []);

  // One that can't be made: the machine is told of none.
  await write(host, "golden+a", "mine!!");
  await host.shell(`mv ${at("library")}/lineage /tmp`);
  await ask(host, "10.0.0.21-golden", number("2"));
  assert.match((await host.shell(script)).stdout, /library is not there/);
  assert.deepEqual(done(host, "10.0.0.21-golden"), []);
  assert.deepEqual((await engineOn(host).reconcile(several)).changed, [], "what lies there is offered");
});

test("it waits for a commit to end", async () => {
  const host = await site();
  await ask(host, "10.0.0.21-golden", number("1"));
  const held = host.shell("exec 9>>/var/lib/netboot/lock; flock 9; : >/tmp/held; sleep 0.7; cat /run/netboot/fresh/asked/*");
  await host.shell("while [ ! -f /tmp/held ]; do sleep 0.05; done");
  await host.shell(script);
  assert.equal((await held).stdout, `${number("1")}\n`);
  assert.deepEqual(done(host, "10.0.0.21-golden"), [number("1")]);
});

test("a lock that went while it waited is nobody's: it ends, and is started again for what is still asked", async () => {
  const host = await site();
  await ask(host, "10.0.0.21-golden", number("1"));
  const held = host.shell("exec 9>>/var/lib/netboot/lock; flock 9; : >/tmp/held; sleep 0.7; rm /var/lib/netboot/lock; : >/var/lib/netboot/lock");
  await host.shell("while [ ! -f /tmp/held ]; do sleep 0.05; done");
  const first = await host.shell(script);
  await held;
  assert.deepEqual([first.stdout, first.code, begins(host, "golden+a"), readdirSync(host.path(`${RUN}/asked`))], ["", 0, "mine!!", ["10.0.0.21-golden"]]);
  assert.equal((await host.shell(script)).stdout, "10.0.0.21-golden\n");
});

test("killed at any tool: the disk is the old or a fresh one, and the next boot gets a fresh one", async () => {
  const ready = await site();
  await ask(ready, "10.0.0.21-golden", number("1"));
  const probe = ready.copy();
  hosts.push(probe);
  probe.killAt = 1e9;
  const before = probe.tools();
  await probe.shell(script);
  assert.ok(probe.tools() > before + 10);
  for (let n = before + 1; n <= probe.tools(); n += 3) {
    const host = ready.copy();
    host.killAt = n;
    await host.shell(script);
    host.killAt = 0;
    assert.match(begins(host, "golden+a"), /^(mine!!|golden)$/, `killed at tool ${n}`);
    if (done(host, "10.0.0.21-golden").length) assert.equal(begins(host, "golden+a"), "golden");
    await ask(host, "10.0.0.21-golden", number("2"));
    await host.shell(script);
    assert.equal(begins(host, "golden+a"), "golden", `killed at tool ${n}`);
    assert.deepEqual(done(host, "10.0.0.21-golden"), [number("2")], `killed at tool ${n}`);
    assert.match(await live(host), /:a:golden/, `killed at tool ${n}`);
    assert.deepEqual(readdirSync(host.path(at("golden+a"))).filter((name) => !/^(disk\.1|lineage)$/.test(name)), [], `killed at tool ${n}`);
    host.remove();
  }
});

const once = (name: string, last: number, generation: number, more: object = {}) => machine(name, last, { persist: "keep", when: "nextBoot", generation, ...more });
const generation = (host: FastHost, name: string) => Number(/^generation (\d+)$/m.exec(readFileSync(host.path(`${at(name)}/lineage`), "utf8"))![1]);
const disks = (host: FastHost, name: string) => readdirSync(host.path(at(name))).filter((file) => file !== "lineage").sort();
const on = (host: FastHost, name: string) => readFileSync(host.path(`${at(name)}/${disks(host, name)[0]}`)).subarray(0, 6).toString();

test("a higher generation at the next boot: no commit touches the disk, the machine's next boot makes it anew, and no later one", async () => {
  const host = await site();
  const apply = async (op: any) => (await engineOn(host).reconcile(op)).changed.map(({ key }: any) => key);
  await apply(once("a", 21, 1));
  await open(host, "a");
  await open(host, "b");
  const offered = await live(host);
  // While it is on.
  assert.deepEqual(await apply(once("a", 21, 2)), ["/etc/netboot/fresh/10.0.0.21-golden"]);
  assert.deepEqual([disks(host, "golden+a"), generation(host, "golden+a"), await live(host)], [["disk.1"], 1, offered]);
  assert.deepEqual(await apply(once("a", 21, 2)), []);
  const seen = (await engineOn(host).observe(once("a", 21, 2))).state;
  assert.deepEqual([seen.volumes, seen.targets], [once("a", 21, 2).want.volumes, once("a", 21, 2).want.targets], "what waits is no drift");
  // Taken back, and wanted again.
  assert.deepEqual(await apply(once("a", 21, 1)), ["/etc/netboot/fresh/10.0.0.21-golden"]);
  await apply(once("a", 21, 2));
  // What is lost by hand comes back as it was: the target of a disk that waits offers that.
  await host.shell("rm /etc/netboot/iscsi/*:a:*; sed -i '/:a:/,/^Target .*:b:/{/^Target .*:b:/!d}' /stub/targets");
  assert.equal((await apply(once("a", 21, 2))).length, 1);
  assert.match(await live(host), /golden\+a\/disk\.1/);
  const secret = (await host.shell("sed -n 's/^ *incominguser [^ ]* //p' /etc/netboot/iscsi/*:a:*")).stdout;
  await open(host, "a");

  const serial = Number((await host.shell("cat /var/lib/netboot/serial")).stdout);
  await ask(host, "10.0.0.21-golden", number("1"));
  const { stdout, stderr, code } = await host.shell(script);
  assert.deepEqual([stdout, stderr, code], ["10.0.0.21-golden\n", "", 0]);
  assert.deepEqual([disks(host, "golden+a"), on(host, "golden+a"), generation(host, "golden+a"), begins(host, "golden+b")], [["disk.2"], "golden", 2, "mine!!"]);
  assert.deepEqual(done(host, "10.0.0.21-golden"), [number("1")]);
  assert.match(await live(host), /:b:golden\n    I_T nexus information:\n        I_T nexus: 7/, "b keeps its session");
  assert.equal((await host.shell("sed -n 's/^ *incominguser [^ ]* //p' /etc/netboot/iscsi/*:a:*")).stdout, secret);
  assert.equal((await host.shell("stat -c %a /etc/netboot/iscsi/*:a:*")).stdout, "600\n");
  assert.ok(Number((await host.shell("cat /var/lib/netboot/serial")).stdout) > serial, "a commit that was planned before looks again");
  assert.deepEqual(await apply(once("a", 21, 2)), []);

  await write(host, "golden+a", "mine!!", 2);
  await open(host, "a");
  await ask(host, "10.0.0.21-golden", number("2"));
  assert.equal((await host.shell(script)).stdout, "10.0.0.21-golden\n");
  assert.deepEqual([on(host, "golden+a"), done(host, "10.0.0.21-golden")], ["mine!!", [number("2")]], "once");
  assert.match(await live(host), /:a:golden\n    I_T nexus information:\n        I_T nexus: 7/, "where nothing is due nothing is touched");
  await assert.rejects(engineOn(host).reconcile(once("a", 21, 1)), /is of generation 2 already, and 1 is declared/);

  // Two generations on, from an earlier one of golden.
  await engineOn(host).reconcile(golden(2));
  await write(host, "golden", "second", 2);
  await apply(once("a", 21, 4, { at: 1 }));
  await ask(host, "10.0.0.21-golden", number("3"));
  await host.shell(script);
  assert.deepEqual([disks(host, "golden+a"), on(host, "golden+a"), generation(host, "golden+a")], [["disk.4"], "golden", 4]);
  assert.deepEqual(await apply(once("a", 21, 4, { at: 1 })), []);
});

test("one that is to come and can't be made leaves the disk that is there, and the machine is told of none; a new machine has it at once", async () => {
  const host = await site();
  await engineOn(host).reconcile(once("a", 21, 2));
  await host.shell(`mv ${at("golden")}/lineage /tmp`);
  await ask(host, "10.0.0.21-golden", number("1"));
  assert.match((await host.shell(script)).stdout, /golden is not there\n10\.0\.0\.21-golden: no fresh disk/);
  assert.deepEqual([on(host, "golden+a"), generation(host, "golden+a"), done(host, "10.0.0.21-golden")], ["mine!!", 1, []]);
  assert.match(await live(host), /golden\+a\/disk\.1/);
  await host.shell(`mv /tmp/lineage ${at("golden")}`);
  assert.deepEqual((await engineOn(host).reconcile(once("a", 21, 2))).changed, []);
  await engineOn(host).reconcile(once("c", 23, 2));
  assert.deepEqual([disks(host, "golden+c"), on(host, "golden+c")], [["disk.2"], "golden"]);
  // Its disk has gone: there is nothing to wait for.
  await host.shell(`rm ${at("golden+a")}/disk.1`);
  await engineOn(host).reconcile(once("a", 21, 2));
  assert.deepEqual([disks(host, "golden+a"), on(host, "golden+a")], [["disk.2"], "golden"]);
  assert.match(await live(host), /golden\+a\/disk\.2/);
});

test("killed at any tool while it makes a disk once: the old or the fresh one, and the next boot has the fresh one and keeps what is written to it", async () => {
  const ready = await site();
  await engineOn(ready).reconcile(once("a", 21, 2));
  await ask(ready, "10.0.0.21-golden", number("1"));
  const probe = ready.copy();
  hosts.push(probe);
  probe.killAt = 1e9;
  const before = probe.tools();
  await probe.shell(script);
  assert.ok(probe.tools() > before + 10);
  for (let n = before + 1; n <= probe.tools(); n += 5) {
    const where = `killed at tool ${n}`;
    const host = ready.copy();
    host.killAt = n;
    await host.shell(script);
    host.killAt = 0;
    const first = readFileSync(host.path(`${at("golden+a")}/disk.${generation(host, "golden+a")}`)).subarray(0, 6).toString();
    assert.equal(first, generation(host, "golden+a") === 1 ? "mine!!" : "golden", where);
    // Every other time with an `up` between.
    if ((n - before) % 2) {
      await engineOn(host).reconcile(once("a", 21, 2));
      assert.deepEqual((await engineOn(host).reconcile(once("a", 21, 2))).changed, [], where);
      assert.match(await live(host), new RegExp(`golden\\+a/disk\\.${generation(host, "golden+a")}\n`), where);
    }
    await ask(host, "10.0.0.21-golden", number("2"));
    await host.shell(script);
    assert.deepEqual([on(host, "golden+a"), done(host, "10.0.0.21-golden")], ["golden", [number("2")]], where);
    assert.match(await live(host), /golden\+a\/disk\.2/, where);
    await write(host, "golden+a", "mine!!", 2);
    await ask(host, "10.0.0.21-golden", number("3"));
    await host.shell(script);
    assert.deepEqual([readFileSync(host.path(`${at("golden+a")}/disk.2`)).subarray(0, 6).toString(), done(host, "10.0.0.21-golden")], ["mine!!", [number("3")]], where);
    await engineOn(host).reconcile(once("a", 21, 2));
    assert.deepEqual(disks(host, "golden+a"), ["disk.2"], where);
    host.remove();
  }
});
