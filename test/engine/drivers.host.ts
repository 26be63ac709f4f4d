// Each way of keeping volumes, on hosts without a machine: the real scripts, killed at any tool, with LVM, ZFS and the kernel's targets of files. The real ones: test/e2e/lvmThin.lab.ts and drivers.long.ts.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { disklessState } from "../../provider/dist/boot/diskless.js";
import { ISCSI_UNIT } from "../../provider/dist/engine/iscsi.js";
import { freshState } from "../../provider/dist/resources/masterServer/fresh.js";
import { storageState } from "../../provider/dist/resources/masterServer/storage.js";
import { apply, at, begins, contract, copy, engineOf, type Keeper, listed, lineage, MIB, outcome, remove, STORE, volume, whys, write } from "./contract.ts";
import { fastHost, type FastHost, withDevices } from "./fastHost.ts";
import { gone, urn } from "./site.ts";

/** How often each script is killed, at least. */
const KILLS = 4;
/** At which of its tools: in a campaign at every so many-th. */
function killsAt(first: number, last: number, often: number): number[] {
  const stride = process.env["NETBOOT_LONG"] ? often : Math.max(1, Math.floor((last - first) / KILLS));
  return Array.from({ length: Math.ceil((last - first) / stride) }, (_, i) => first + i * stride + (stride >> 1)).filter((n) => n <= last);
}
const enough = (killed: number, what: string) => assert.ok(killed >= KILLS, `${what}: killed ${killed} times`);
const POOLS = { reflink: "", "lvm-thin": "vg0/netboot", zfs: "tank/netboot" };
type DriverName = keyof typeof POOLS;
const drivers = Object.keys(POOLS) as DriverName[];
const hosts: FastHost[] = [];
after(() => hosts.forEach((host) => host.remove()));
const template = withDevices(fastHost());
hosts.push(template);
await template.shell(`mkdir -p ${STORE} /etc/netboot`);

/** Where a driver's devices lie. */
const folders = { reflink: "", "lvm-thin": "stub/dev/vg0", zfs: "stub/dev/zvol/tank/netboot" };

function keeperOn(host: FastHost, driver: DriverName, cut?: any): Keeper & { host: FastHost } {
  return { driver, host, connect: host.connect(cut), shell: (script) => host.shell(script), devices: async () => (folders[driver] ? readdirSync(host.path(folders[driver])).sort() : []) };
}
async function newKeeper(driver: DriverName, from = template): Promise<Keeper & { host: FastHost }> {
  const host = from.copy();
  hosts.push(host);
  await host.shell(`[ -s /etc/netboot/volumes ] || printf 'warn 80\\nrefuse 90\\npool ${POOLS[driver]}\\n' >/etc/netboot/volumes`);
  return keeperOn(host, driver);
}

for (const driver of drivers)
  for (const [words, proof] of contract)
    test(`${driver}: ${words}`, async () => {
      const keeper = await newKeeper(driver);
      const before = keeper.host.snapshot();
      await proof(keeper);
      assert.deepEqual(keeper.host.snapshot(), before, "something is left");
    });

interface Life {
  prepare?(keeper: Keeper): Promise<unknown>;
  op(keeper: Keeper): any;
  /** What is on the disk of each generation. */
  has: Record<number, string>;
  /** How many devices there are in the end. */
  devices: number;
}
const made = (keeper: Keeper) => apply(keeper, copy(keeper, "a", "golden"));
const LIVES: Record<string, Life> = {
  make: { op: (keeper) => copy(keeper, "a", "golden"), has: { 1: "golden" }, devices: 3 },
  "make anew": { prepare: async (keeper) => (await made(keeper), write(keeper, "a", "mine!!")), op: (keeper) => copy(keeper, "a", "golden", { generation: 2 }), has: { 1: "mine!!", 2: "golden" }, devices: 3 },
  promote: {
    prepare: async (keeper) => (await made(keeper), await apply(keeper, copy(keeper, "b", "golden")), write(keeper, "b", "better")),
    op: (keeper) => volume(keeper, "a", { generation: 2, history: 1, from: { copy: at("b") } }), has: { 1: "golden", 2: "better" }, devices: 5,
  },
  grow: { prepare: made, op: (keeper) => copy(keeper, "a", "golden", { size: 9 * MIB }), has: { 1: "golden" }, devices: 3 },
  remove: { prepare: made, op: (keeper) => remove(keeper, "a"), has: { 1: "golden" }, devices: 2 },
};

for (const driver of process.env["NETBOOT_LONG"] ? (["lvm-thin", "zfs"] as const) : (["lvm-thin"] as const))
  test(`${driver}: killed at any tool while a volume is made, made anew, promoted, grown or removed: old or new, and the next run leaves no device that nobody names`, async () => {
    const base = await newKeeper(driver);
    await apply(base, volume(base, "golden", { size: MIB }));
    await write(base, "golden", "golden");
    for (const [what, { prepare, op, has, devices }] of Object.entries(LIVES)) {
      const ready = await newKeeper(driver, base.host);
      await prepare?.(ready);
      const probe = await newKeeper(driver, ready.host);
      probe.host.killAt = 1e9;
      await apply(probe, op(probe));
      let killed = 0;
      for (const n of killsAt(3, probe.host.tools(), 17)) {
        const host = ready.host.copy();
        host.killAt = n;
        const cut = keeperOn(host, driver, { at: 3, when: "before" });
        await outcome(apply(cut, op(cut)));
        if (host.tools() >= n) killed++;
        host.killAt = 0;
        const keeper = keeperOn(host, driver);
        const where = `${what}, killed at tool ${n}`;
        if (existsSync(host.path(`${at("a")}/lineage`))) {
          const generation = Number(/^generation (\d+)$/m.exec(await lineage(keeper, "a"))![1]);
          assert.equal(await begins(keeper, "a", generation), has[generation], where);
        }
        await apply(keeper, op(keeper));
        // What is lost goes with a commit that touches volumes, if not with this one.
        await apply(keeper, volume(keeper, "other", { size: MIB }));
        assert.equal((await keeper.devices()).length, devices, where);
        assert.deepEqual(await whys(keeper, op(keeper)), [], where);
        assert.equal(await listed(keeper, "golden"), "disk.1 lineage", where);
        host.remove();
      }
      enough(killed, what);
    }
  });

const master: any = { name: "lab", address: "10.0.0.2", storage: { driver: "lvm-thin", path: STORE, pool: "vg0/netboot", iqn: "iqn.2024-07.internal.netboot", warnPercent: 80, refusePercent: 90 }, retries: { count: 3, waitSeconds: 5, stallSeconds: 30 } };
const machine = (name: string, last: number, more: object = {}, seed?: string): any =>
  ({ owner: urn("Machine", name), label: `Machine "${name}"`, want: disklessState({ name, master, seed, address: `10.0.0.${last}`, boot: { kind: "diskless", volume: { name: "golden" }, persist: "keep", generation: 1, retain: false, ...more } } as any) });
const iqn = (name: string) => `iqn.2024-07.internal.netboot:${name}:golden`;
const KERNEL = "/sys/kernel/config/target";
const tpg = (name: string) => `${KERNEL}/iscsi/${iqn(name)}/tpgt_1`;
const acl = (name: string) => `${tpg(name)}/acls/iqn.2024-07.internal.netboot:${name}`;
const state = storageState(master);
const script = state.files["/srv/netboot/iscsi.sh"] as string;
const run = (host: FastHost, verb: string) => host.shell(`TARGETS=/etc/netboot/iscsi; set -- ${verb}\n${script}`);
const kernel = async (host: FastHost) => (await host.shell(`cd ${KERNEL} && find . -type f ! -name info -exec grep -H '' {} + ; find . -type l -printf '%p -> %l\\n'`)).stdout.split("\n").sort().join("\n");
const read = async (host: FastHost, path: string) => (await host.shell(`cat ${path}`)).stdout;
const conf = (host: FastHost, name: string) => readFileSync(host.path(`/etc/netboot/iscsi/${iqn(name)}.conf`), "utf8");

async function site(): Promise<Keeper & { host: FastHost }> {
  const keeper = await newKeeper("lvm-thin");
  await apply(keeper, volume(keeper, "golden", { size: MIB }));
  await write(keeper, "golden", "golden");
  const engine = engineOf(keeper);
  await Promise.all([engine.reconcile(machine("a", 21)), engine.reconcile(machine("b", 22))]);
  return keeper;
}

test("LIO: what is saved is what the kernel has: by name and secret, numbers as declared, nothing enabled before it is whole", async () => {
  const keeper = await site();
  const secret = /incominguser \S+ (\S+)/.exec(conf(keeper.host, "a"))![1]!;
  assert.match(secret, /^[A-Za-z0-9._]{16}$/);
  assert.equal(await read(keeper.host, `${acl("a")}/auth/userid`), "golden+a");
  assert.equal(await read(keeper.host, `${acl("a")}/auth/password`), secret);
  assert.deepEqual(await Promise.all(["authentication", "generate_node_acls", "demo_mode_discovery"].map((name) => read(keeper.host, `${tpg("a")}/attrib/${name}`))), ["1", "0", "0"]);
  assert.equal(await read(keeper.host, `${tpg("a")}/lun/lun_1/netboot/udev_path`), `${at("golden+a")}/disk.1`);
  assert.equal(readFileSync(keeper.host.path("/srv/netboot/http/san/10.0.0.21-golden.ipxe"), "utf8"), `#!ipxe\nset initiator-iqn iqn.2024-07.internal.netboot:a\nset username golden+a\nset password ${secret}\nset netboot-disk iscsi:10.0.0.2:::1:${iqn("a")}\n`);
  for (const name of ["a", "b"]) assert.deepEqual(await whys(keeper, machine(name, name === "a" ? 21 : 22)), []);
  const data = machine("a", 21, { dataDisks: [{ volume: { name: "golden2" }, lun: 10, access: "read", persist: "keep", generation: 1, retain: false }, { volume: { name: "golden3" }, lun: 2, access: "write", persist: "keep", generation: 1, retain: false }] });
  for (const name of ["golden2", "golden3"]) await apply(keeper, volume(keeper, name, { size: MIB }));
  await apply(keeper, data);
  assert.match(conf(keeper.host, "a"), new RegExp(`lun 1 \\w{16} write .*golden\\+a/disk.1\nlun 2 \\w{16} write .*golden3\\+a/disk.1\nlun 10 \\w{16} read .*golden2\\+a/disk.1`));
  assert.deepEqual(await Promise.all([1, 2, 10].map((n) => read(keeper.host, `${acl("a")}/lun_${n}/write_protect`))), ["0\n", "0\n", "1"]);
  assert.deepEqual((await engineOf(keeper).observe(data)).state.targets, data.want.targets);
  assert.equal(/incominguser \S+ (\S+)/.exec(conf(keeper.host, "a"))![1], secret, "another disk is no reason for another secret");
});

test("LIO: a secret is in no tool's arguments and in nothing that leaves the host", async () => {
  const keeper = await newKeeper("lvm-thin");
  await apply(keeper, volume(keeper, "golden", { size: MIB }));
  await keeper.host.shell("sed -i '2i printf \"%s\\\\n\" \"$*\" >>/stub/argv' /stub/trap/*");
  keeper.host.killAt = 1e9;
  const { changed } = await apply(keeper, machine("a", 21));
  const secret = /incominguser \S+ (\S+)/.exec(conf(keeper.host, "a"))![1]!;
  assert.ok(!readFileSync(keeper.host.path("/stub/argv"), "utf8").includes(secret) && !JSON.stringify(changed).includes(secret));
});

test("LIO: whatever is changed by hand, saved or in the kernel, is shown and mended", async () => {
  const ready = await site();
  const offered = `1=${at("golden+a")}/disk.1 golden+a`;
  for (const [change, why] of [
    ["rm /etc/netboot/iscsi/*:a:*", "not saved: a reboot would lose it"],
    ["chmod 644 /etc/netboot/iscsi/*:a:*", "its saved file has mode 0644 0:0"],
    ["rm /srv/netboot/http/san/10.0.0.21*", "what the machine is told of it differs"],
    [`echo 0 >${tpg("a")}/enable`, `offered otherwise: ${offered} off,iqn.2024-07.internal.netboot:a`],
    [`echo 1 >${tpg("a")}/attrib/generate_node_acls`, `offered otherwise: ${offered} any-name,iqn.2024-07.internal.netboot:a`],
    [`echo 0 >${tpg("a")}/attrib/authentication`, `offered otherwise: ${offered} no-secret,iqn.2024-07.internal.netboot:a`],
    [`printf another >${acl("a")}/auth/password`, `offered otherwise: ${offered} another-secret,iqn.2024-07.internal.netboot:a`],
    [`mkdir ${tpg("a")}/acls/iqn.x:theirs`, /^offered otherwise: .*,iqn.x:theirs$/],
    [`rm ${acl("a")}/lun_1/netboot ${tpg("a")}/lun/lun_1/netboot`, "offered otherwise:  golden+a iqn.2024-07.internal.netboot:a"],
    [`echo 1 >${acl("a")}/lun_1/write_protect`, /^offered otherwise: 1r=/],
    [`echo /dev/vg0/theirs >${tpg("a")}/lun/lun_1/netboot/udev_path`, /^offered otherwise: 1=\/dev\/vg0\/theirs /],
  ] as const) {
    const keeper = await newKeeper("lvm-thin", ready.host);
    assert.equal((await keeper.host.shell(change)).code, 0, change);
    const whysNow = await whys(keeper, machine("a", 21));
    assert.equal(whysNow.length, 1, change);
    if (typeof why === "string") assert.equal(whysNow[0], why, change);
    else assert.match(whysNow[0]!, why, change);
    assert.deepEqual(await whys(keeper, machine("a", 21)), [], change);
  }
});

test("LIO: after a restart all is back as it was; a disk that is not there keeps no other from being offered; what is stopped leaves nothing", async () => {
  const { host, ...keeper } = await site();
  const before = await kernel(host);
  await host.shell(`rm -r ${KERNEL}`);
  const { stdout, code } = await run(host, "start");
  assert.deepEqual([stdout, code], ["", 0]);
  assert.equal(await kernel(host), before);
  assert.equal((await run(host, "start")).code, 0);
  assert.equal(await kernel(host), before, "twice is as good as once");

  await host.shell(`rm -r ${KERNEL}; rm "$(readlink ${at("golden+a")}/disk.1)"`);
  const missing = await host.shell(`sleep() { :; }; TARGETS=/etc/netboot/iscsi; set -- start\n${script}`);
  assert.match(missing.stdout, /:a:golden\.conf is left out, and the others are offered\n$/);
  assert.match(missing.stderr, /golden\+a\/disk\.1 is not there\n.*:a:golden\.conf cannot be offered: lun 1\n/);
  assert.ok(!existsSync(host.path(tpg("a"))) && existsSync(host.path(tpg("b"))), "half a target is none");
  assert.deepEqual(await whys({ ...keeper }, machine("b", 22)), []);

  await run(host, "stop");
  assert.deepEqual([readdirSync(host.path(`${KERNEL}/iscsi`)), readdirSync(host.path(`${KERNEL}/core/iblock_3260`))], [[], []]);
});

const open = (host: FastHost, name: string, more = "") => host.shell(`printf 'InitiatorName: x\\nCID: 0  Connection State: TARG_CONN_STATE_LOGGED_IN\\n   Address 10.0.0.99 TCP  StatSN: 0x1\\n' >${acl(name)}/info${more}`);

test("LIO: with a session a target is neither changed nor withdrawn, and its disk not made anew; others are; without one all goes", async () => {
  const keeper = await site();
  await open(keeper.host, "a");
  for (const op of [machine("a", 21, { generation: 2 }), gone(machine("a", 21))]) {
    const engine = engineOf(keeper);
    const [a, b] = await Promise.all([op, machine("b", 22)].map((one) => outcome(engine.reconcile(one))));
    assert.match(a.error.message, /10\.0\.0\.99 has a session on it/);
    assert.ok(b.result, String(b.error));
  }
  await keeper.host.shell(`echo 'No active iSCSI Session' >${acl("a")}/info`);
  await apply(keeper, machine("a", 21, { generation: 2 }));
  assert.match(await read(keeper.host, `${tpg("a")}/lun/lun_1/netboot/udev_path`), /golden\+a\/disk\.2$/);
  for (const op of [gone(machine("a", 21)), gone(machine("b", 22)), remove(keeper, "golden")]) await apply(keeper, op);
  assert.deepEqual([readdirSync(keeper.host.path(`${KERNEL}/iscsi`)), readdirSync(keeper.host.path(`${KERNEL}/core/iblock_3260`)), await keeper.devices()], [[], [], []]);
});

test("LIO: a master that is to offer no disks any more is left alone while a machine of ours has a session; somebody else's target is no reason", async () => {
  const keeper = await site();
  const offering = (services: object): any => ({ owner: urn("MasterServer", "lab"), label: "lab", want: { files: state.files, ...services } });
  const { [ISCSI_UNIT]: iscsi } = state.services;
  await apply(keeper, offering({ services: { [ISCSI_UNIT]: iscsi } }));
  await open(keeper.host, "a");
  const { error } = await outcome(apply(keeper, offering({})));
  assert.match(error.message, /netboot-iscsi\.service offers disks that are in use[^]*10\.0\.0\.99 has a session on iqn\.2024-07\.internal\.netboot:a:golden\. .*echo 0 >.*:a:golden\/tpgt_1\/enable/);
  assert.ok(!keeper.host.journal().some((line) => /systemctl (stop|disable) /.test(line) && line.includes(ISCSI_UNIT)));
  await keeper.host.shell(`mv /etc/netboot/iscsi/*:a:golden.conf /tmp`);
  await apply(keeper, offering({}));
  assert.ok(keeper.host.journal().some((line) => /systemctl (stop|disable) /.test(line) && line.includes(ISCSI_UNIT)));
});

test("LIO: killed at any tool the next run comes to its end, and both files hold one secret", async () => {
  const ready = await site();
  const op = machine("c", 23);
  const probe = await newKeeper("lvm-thin", ready.host);
  probe.host.killAt = 1e9;
  await apply(probe, op);
  let killed = 0;
  for (const n of killsAt(3, probe.host.tools(), 7)) {
    const host = ready.host.copy();
    host.killAt = n;
    await outcome(apply(keeperOn(host, "lvm-thin", { at: 3, when: "before" }), op));
    if (host.tools() >= n) killed++;
    host.killAt = 0;
    const keeper = keeperOn(host, "lvm-thin");
    await apply(keeper, op);
    const secret = /incominguser \S+ (\S+)/.exec(conf(host, "c"))![1]!;
    assert.ok(readFileSync(host.path("/srv/netboot/http/san/10.0.0.23-golden.ipxe"), "utf8").includes(secret) && (await read(host, `${acl("c")}/auth/password`)) === secret, `killed at tool ${n}`);
    assert.deepEqual(await whys(keeper, op), [], `killed at tool ${n}`);
    host.remove();
  }
  enough(killed, "a target");
});

const { files } = freshState(master.storage, master.retries);
const RUN = "/run/netboot/fresh";
const setting = [...files["/etc/systemd/system/netboot-fresh.service"]!.matchAll(/^Environment=(.*)$/gm)].map(([, line]) => `export ${line}`).join("\n");
const fresh = `${setting}\n${files["/srv/netboot/fresh.sh"]}`;

test("LIO: who asks for a fresh disk at its boot has one, whatever its last boot left open; one that can't be made keeps the old", async () => {
  const keeper = await site();
  const { host } = keeper;
  await apply(keeper, machine("a", 21, { persist: "discard" }));
  for (const name of ["a", "b"]) await write(keeper, `golden+${name}`, "mine!!");
  const ask = (number: string) => host.shell(`mkdir -p ${RUN}/asked ${RUN}/done; echo ${number.repeat(32)} >>${RUN}/asked/10.0.0.21-golden`);
  await open(host, "a");
  await open(host, "b");
  await ask("1");
  const { stdout, stderr, code } = await host.shell(fresh);
  assert.deepEqual([stdout, stderr, code], ["10.0.0.21-golden\n", "", 0]);
  assert.deepEqual([await begins(keeper, "golden+a"), await begins(keeper, "golden+b")], ["golden", "mine!!"]);
  assert.equal((await keeper.devices()).length, 3, "the old one is gone");
  assert.match(await read(host, `${acl("b")}/info`), /Address/, "another's session stays");
  assert.match(await read(host, `${acl("a")}/info`), /^No active/);
  assert.deepEqual(await whys(keeper, machine("a", 21, { persist: "discard" })), []);

  await write(keeper, "golden+a", "mine!!");
  await host.shell(`mv ${at("golden")}/lineage /tmp`);
  await ask("2");
  assert.match((await host.shell(fresh)).stdout, /golden is not there\n10\.0\.0\.21-golden: no fresh disk/);
  assert.equal(await begins(keeper, "golden+a"), "mine!!");
  assert.equal((await read(host, `${tpg("a")}/enable`)).trim(), "1", "what lies there is offered");

  await host.shell(`mv /tmp/lineage ${at("golden")}`);
  await ask("3");
  const probe = host.copy();
  hosts.push(probe);
  probe.killAt = 1e9;
  const before = probe.tools();
  await probe.shell(fresh);
  let often = 0;
  for (const n of killsAt(before + 1, probe.tools(), 2)) {
    const other = host.copy();
    other.killAt = n;
    await other.shell(fresh);
    if (other.tools() >= n) often++;
    other.killAt = 0;
    const killed = keeperOn(other, "lvm-thin");
    assert.match(await begins(killed, "golden+a"), /^(mine!!|golden)$/, `killed at tool ${n}`);
    await apply(killed, machine("a", 21, { persist: "discard" }));
    await other.shell(`mkdir -p ${RUN}/asked ${RUN}/done; echo ${"4".repeat(32)} >>${RUN}/asked/10.0.0.21-golden`);
    await other.shell(fresh);
    assert.equal(await begins(killed, "golden+a"), "golden", `killed at tool ${n}`);
    await apply(killed, volume(killed, "other", { size: MIB }));
    assert.equal((await killed.devices()).length, 4, `killed at tool ${n}: no device that nobody names`);
    other.remove();
  }
  enough(often, "a fresh disk");
});

test("LIO: a higher generation at the next boot: nothing happens while its machine is on, and its boot has a fresh one, once", async () => {
  const keeper = await site();
  const { host } = keeper;
  const waiting = machine("a", 21, { generation: 2, when: "nextBoot" });
  await write(keeper, "golden+a", "mine!!");
  await open(host, "a");
  assert.deepEqual((await apply(keeper, waiting)).changed.map(({ key }: any) => key), ["/etc/netboot/fresh/10.0.0.21-golden"]);
  assert.equal(await read(host, `${tpg("a")}/lun/lun_1/netboot/udev_path`), `${at("golden+a")}/disk.1`);
  const boots = async (number: string) => host.shell(`mkdir -p ${RUN}/asked ${RUN}/done; echo ${number.repeat(32)} >>${RUN}/asked/10.0.0.21-golden\n${fresh}`);
  const { stdout, stderr } = await boots("1");
  assert.deepEqual([stdout, stderr], ["10.0.0.21-golden\n", ""]);
  assert.equal(await read(host, `${tpg("a")}/lun/lun_1/netboot/udev_path`), `${at("golden+a")}/disk.2`);
  assert.deepEqual([await begins(keeper, "golden+a", 2), await listed(keeper, "golden+a"), (await keeper.devices()).length], ["golden", "disk.2 lineage", 3]);
  assert.deepEqual(await whys(keeper, waiting), []);
  await write(keeper, "golden+a", "mine!!", 2);
  await boots("2");
  assert.equal(await begins(keeper, "golden+a", 2), "mine!!");
});

test("LIO: a seed is a file beside the devices, takes no writes, is exchanged while its machine has a session, and back after a restart", async () => {
  const keeper = await site();
  const { host } = keeper;
  await host.shell("mkdir -p /srv/netboot/cidata && echo one >/srv/netboot/cidata/one && echo second >/srv/netboot/cidata/two");
  const seeded = (name: string, more: object = {}) => machine("a", 21, more, `/srv/netboot/cidata/${name}`);
  const medium = () => read(host, `${tpg("a")}/lun/lun_255/netboot/control`);
  await apply(keeper, seeded("one"));
  assert.equal(await medium(), "fd_dev_name=/srv/netboot/cidata/one,fd_dev_size=4");
  assert.equal((await read(host, `${acl("a")}/lun_255/write_protect`)).trim(), "1");
  assert.deepEqual(["iblock", "fileio"].map((how) => readdirSync(host.path(`${KERNEL}/core/${how}_3260`)).length), [2, 1]);
  assert.deepEqual([await whys(keeper, seeded("one")), (await engineOf(keeper).observe(seeded("one"))).state.targets], [[], seeded("one").want.targets]);
  await open(host, "a");
  await apply(keeper, seeded("two"));
  assert.equal(await medium(), "fd_dev_name=/srv/netboot/cidata/two,fd_dev_size=7");
  assert.equal((await read(host, `${acl("a")}/lun_255/write_protect`)).trim(), "1");
  assert.match(await read(host, `${acl("a")}/info`), /Address/, "its session stays");
  assert.deepEqual(await whys(keeper, seeded("two")), []);
  const had = await kernel(host);
  await run(host, "stop");
  await run(host, "start");
  assert.equal(await kernel(host), had);
  for (const op of [gone(seeded("two")), gone(machine("b", 22)), remove(keeper, "golden")]) await apply(keeper, op);
  assert.deepEqual(readdirSync(host.path(`${KERNEL}/core/fileio_3260`)), []);
});
