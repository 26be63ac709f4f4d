// Targets on a host without a machine: the real scripts and tools, and a daemon of stubs. What the real one refuses is tested on real masters.
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { after, test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { storageState } from "../../provider/dist/resources/masterServer/storage.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { gone, urn } from "./site.ts";

const hosts: FastHost[] = [];
after(() => hosts.forEach((host) => host.remove()));
function newHost(from?: FastHost): FastHost {
  const host = from?.copy() ?? fastHost();
  hosts.push(host);
  return host;
}
const engineOn = (host: FastHost, cut?: any) => createEngine(host.connect(cut), { watch: 0, patience: 20, who: "a test" });
const outcome = (work: Promise<any>): Promise<any> => work.then((result) => ({ result }), (error) => ({ error }));

const iqn = (name: string) => `iqn.2024-07.internal.netboot:${name}:golden`;
const target = (name: string, last: number, spec: object = {}): any => ({
  owner: urn("Machine", name), label: `Machine "${name}"`,
  want: { targets: { [iqn(name)]: { luns: { 1: `/srv/${name}/disk.1` }, address: `10.0.0.${last}`, initiator: `iqn.2024-07.internal.netboot:${name}`, user: `golden+${name}`, portal: "10.0.0.2", script: `/srv/netboot/http/san/10.0.0.${last}-golden.ipxe`, ...spec } } },
});
const conf = (host: FastHost, name: string) => readFileSync(host.path(`/etc/netboot/iscsi/${iqn(name)}.conf`), "utf8");
const secret = (host: FastHost, name: string) => /incominguser \S+ (\S+)/.exec(conf(host, name))![1]!;
const script = (host: FastHost, last: number) => readFileSync(host.path(`/srv/netboot/http/san/10.0.0.${last}-golden.ipxe`), "utf8");
const whys = async (host: FastHost, op: any) => (await engineOn(host).reconcile(op)).changed.map(({ why }: any) => why);

test("a secret is drawn once, is in two files that no one else may read, and in nothing that leaves the host", async () => {
  const host = newHost();
  const sent: string[] = [];
  const engine = createEngine(async () => {
    const transport = await host.connect()();
    return { ...transport, run: async (text: string, options: any) => { const output = await transport.run(text, options); sent.push(text, output.stdout, output.stderr); return output; } };
  }, { watch: 0 });
  await Promise.all([engine.reconcile(target("a", 21)), engine.reconcile(target("b", 22))]);
  const [a, b] = [secret(host, "a"), secret(host, "b")];
  assert.match(a, /^[A-Za-z0-9._]{16}$/);
  assert.notEqual(a, b);
  assert.equal(script(host, 21), `#!ipxe\nset initiator-iqn iqn.2024-07.internal.netboot:a\nset username golden+a\nset password ${a}\nset netboot-disk iscsi:10.0.0.2:::1:${iqn("a")}\n`);
  const mode = (path: string) => ((stat) => [(stat.mode & 0o777).toString(8), stat.gid])(statSync(host.path(path)));
  assert.deepEqual(mode(`/etc/netboot/iscsi/${iqn("a")}.conf`), ["600", 0]);
  assert.deepEqual(mode("/srv/netboot/http/san/10.0.0.21-golden.ipxe"), ["640", 33]);
  assert.ok(!sent.some((text) => text.includes(a) || text.includes(b)), "a secret left the host");
  assert.deepEqual(await whys(host, target("a", 21)), []);

  assert.deepEqual(await whys(host, target("a", 21, { luns: { 1: "/srv/a/disk.2" } })), ["its saved file differs"]);
  assert.equal(secret(host, "a"), a, "another disk is no reason for another secret");
  assert.deepEqual(await whys(host, target("a", 31, { luns: { 1: "/srv/a/disk.2" } })), ["its saved file differs"]);
  assert.ok(!existsSync(host.path("/srv/netboot/http/san/10.0.0.21-golden.ipxe")), "what was for the former address is left");
  assert.match((await host.shell("tgtadm --op show --mode target")).stdout, /Backing store path: \/srv\/a\/disk\.2\n[^]*10\.0\.0\.31/);
  assert.match(conf(host, "b"), new RegExp(b));
});

test("more targets than secrets are drawn at a time have one each, and an account that outlived its target goes", async () => {
  const host = newHost();
  await host.shell("printf '    golden+m7\\n    golden+m77\\n' >/stub/targets.accounts");
  const engine = engineOn(host);
  const names = Array.from({ length: 101 }, (_, i) => `m${i}`).filter((name) => name !== "m77");
  await Promise.all([...names, "last"].map((name, i) => engine.reconcile(target(name, i + 20))));
  assert.equal(new Set([...names, "last"].map((name) => secret(host, name))).size, 101);
  assert.equal((await host.shell("cat /stub/targets.accounts")).stdout, "    golden+m77\n");
});

test("a secret is in no tool's arguments while it is drawn, written and kept", async () => {
  const host = newHost();
  await host.shell("sed -i '2i printf \"%s\\\\n\" \"$*\" >>/stub/argv' /stub/trap/*");
  host.killAt = 1e9;
  await engineOn(host).reconcile(target("a", 21));
  await engineOn(host).reconcile(target("a", 21, { luns: { 1: "/srv/a/disk.2" } }));
  const said = readFileSync(host.path("/stub/argv"), "utf8");
  assert.match(said, /incominguser/);
  assert.ok(!said.includes(secret(host, "a")), "other users of the master can read the secret");
});

test("of targets that are not offered at a start, the journal has what tgt-admin says, and no secret", async () => {
  const unit = storageState({ storage: { driver: "reflink", path: "/srv/netboot/volumes", warnPercent: 80, refusePercent: 90 }, address: "10.0.0.2", retries: {} } as any).files["/etc/systemd/system/netboot-iscsi.service"] as string;
  const start = /^ExecStartPost=(.*tgt-admin.*)$/m.exec(unit)![1]!.replaceAll("$$", "$");
  const host = newHost();
  const run = (code: number) => host.shell(`mkdir -p /stub/sbin; printf '#!/bin/sh\necho "tgtadm --op new --mode account --user a --password=drawn.here"; echo failed >&2; exit ${code}\n' >/stub/sbin/tgt-admin; chmod +x /stub/sbin/tgt-admin; ${start}`);
  const { stdout, stderr, code } = await run(1);
  assert.deepEqual([stdout, stderr, code], ["tgtadm --op new --mode account --user a --password=[secret]\nfailed\n", "", 1]);
  assert.equal((await run(0)).code, 0);
});

test("an address that another machine has by now: what that one is told stays, whichever of the two is changed or goes", async () => {
  const host = newHost();
  const engine = engineOn(host);
  await Promise.all([engine.reconcile(target("a", 21)), engine.reconcile(target("b", 22))]);
  await Promise.all([engine.reconcile(target("a", 22)), engine.reconcile(target("b", 21))]);
  assert.deepEqual([21, 22].map((last) => /iscsi:.*:(\w+):golden/.exec(script(host, last))![1]), ["b", "a"], "two that change places");

  await engineOn(host).reconcile(target("c", 22));
  await engineOn(host).reconcile(gone(target("a", 22)));
  assert.ok(script(host, 22).includes(iqn("c")) && script(host, 22).includes(secret(host, "c")), "one in the place of another");
  await engineOn(host).reconcile(gone(target("c", 22)));
  assert.ok(!existsSync(host.path("/srv/netboot/http/san/10.0.0.22-golden.ipxe")));
});

test("whatever is changed by hand, saved or in the daemon, is shown and mended", async () => {
  const template = newHost();
  await engineOn(template).reconcile(target("a", 21));
  for (const [change, why] of [
    ["rm /etc/netboot/iscsi/*", "not saved: a reboot would lose it"],
    ["sed -i s/10.0.0.21/10.0.0.99/ /etc/netboot/iscsi/*", "its saved file differs"],
    ["chmod 644 /etc/netboot/iscsi/*", "its saved file has mode 0644 0:0"],
    ["sed -i 's/^set password.*/set password x/' /srv/netboot/http/san/*", "what the machine is told of it differs"],
    ["rm /srv/netboot/http/san/*", "what the machine is told of it differs"],
    [": >/stub/targets", "not offered"],
    ["sed -i 's/10.0.0.21/ALL/' /stub/targets", "offered otherwise: 1=/srv/a/disk.1 golden+a ALL"],
  ] as const) {
    const host = newHost(template);
    await host.shell(change);
    assert.deepEqual(await whys(host, target("a", 21)), [why], change);
    assert.deepEqual(await whys(host, target("a", 21)), [], change);
    assert.ok(script(host, 21).includes(secret(host, "a")));
  }
  const host = newHost(template);
  await host.shell("sed -i 's/10.0.0.21/ALL/' /stub/targets");
  assert.equal((await engineOn(host).observe(target("a", 21))).state.targets![iqn("a")]!.address, "ALL");
  await host.shell(": >/stub/targets");
  assert.deepEqual((await engineOn(host).observe(target("a", 21))).state.targets, {});
});

test("several disks by their numbers, and which of them takes no writes: saved, offered, seen", async () => {
  const host = newHost();
  const several = (readOnly: string[]) => target("a", 21, { luns: { 1: "/srv/a/disk.1", 10: "/srv/data/disk.1", 2: "/srv/library/disk.3" }, ...(readOnly.length && { readOnly }) });
  await engineOn(host).reconcile(several(["2"]));
  assert.deepEqual([...conf(host, "a").matchAll(/<backing-store (\S+)>\n +lun (\d+)\n.*\n.*\n( +readonly 1\n)?/g)].map(([, store, lun, fixed]) => [store, lun, !!fixed]), [["/srv/a/disk.1", "1", false], ["/srv/library/disk.3", "2", true], ["/srv/data/disk.1", "10", false]]);
  assert.equal(new Set(conf(host, "a").match(/scsi_sn \w+/g)).size, 3);
  assert.match(script(host, 21), /:::1:/);
  assert.deepEqual(await whys(host, several(["2"])), []);
  assert.deepEqual((await engineOn(host).observe(several(["2"]))).state, several(["2"]).want);
  await host.shell("sed -i 's/Readonly: Yes/Readonly: No/' /stub/targets");
  assert.equal((await engineOn(host).observe(several(["2"]))).state.targets![iqn("a")]!.readOnly, undefined);
  assert.deepEqual(await whys(host, several(["2"])), ["offered otherwise: 1=/srv/a/disk.1,2=/srv/library/disk.3,10=/srv/data/disk.1 golden+a 10.0.0.21"]);
  assert.deepEqual(await whys(host, several([])), ["its saved file differs"]);
});

test("with a session on it a target is neither changed nor withdrawn; others are; without one it goes without a trace", async () => {
  const host = newHost();
  const bare = host.snapshot();
  await engineOn(host).reconcile(target("a", 21));
  await host.shell("sed -i 's/^    I_T nexus information:/&\\n        I_T nexus: 1\\n                IP Address: 10.0.0.21/' /stub/targets");
  for (const op of [target("a", 21, { luns: { 1: "/srv/a/disk.2" } }), gone(target("a", 21))]) {
    const engine = engineOn(host);
    const [a, b] = await Promise.all([op, target("b", 22)].map((one) => outcome(engine.reconcile(one))));
    assert.match(a.error.message, /10\.0\.0\.21 has a session on it/);
    assert.ok(b.result, String(b.error));
    assert.match(conf(host, "a"), /disk\.1>/);
  }
  await host.shell("sed -i '/IP Address/d' /stub/targets");
  await engineOn(host).reconcile(gone(target("a", 21)));
  await engineOn(host).reconcile(gone(target("b", 22)));
  assert.deepEqual(host.snapshot(), bare);
});

test("a master that is to offer no disks any more, or that goes, is left alone while a machine has a session, which is named; whatever else is wanted is done", async () => {
  const host = newHost();
  const iscsi = "netboot-iscsi.service";
  const unit = `/etc/systemd/system/${iscsi}`;
  const master = (storage: boolean): any => ({
    owner: urn("MasterServer", "lab"), label: 'MasterServer "lab"',
    want: { files: { "/etc/netboot/settings": `${storage}\n`, ...(storage && { [unit]: "[Service]\nExecStart=/usr/sbin/tgtd\n" }) }, ...(storage && { services: { [iscsi]: { restartOn: [unit] } } }) },
  });
  const stopped = () => host.journal().filter((line) => /systemctl (stop|disable|restart) /.test(line) && line.includes(iscsi)).length;
  await engineOn(host).reconcile(master(true));
  const bare = stopped();
  for (const [name, last] of [["a", 21], ["b", 22]] as const) await engineOn(host).reconcile(target(name, last));
  await host.shell("awk '{ print } /^Target / { of = /:a:/ } of && /^    I_T nexus inf/ { print \"        I_T nexus: 1\\n                IP Address: 10.0.0.21\" }' /stub/targets >/stub/t && mv /stub/t /stub/targets");
  const before = host.snapshot();
  for (const op of [master(false), { ...gone(master(true)), sweep: undefined }]) {
    const engine = engineOn(host);
    const [refused, done] = await Promise.all([op, target("b", 22, { luns: { 1: `/srv/b/disk.${op.want ? 2 : 3}` } })].map((one) => outcome(engine.reconcile(one))));
    assert.match(refused.error.message, /netboot-iscsi\.service offers disks that are in use, and is as it was[^]*10\.0\.0\.21 has a session on iqn\.2024-07\.internal\.netboot:a:golden\. Shut that machine down first; if it is off already, say on the master: tgtadm .* --op delete --mode conn /);
    assert.doesNotMatch(refused.error.message, /:b:golden/);
    assert.ok(done.result, String(done.error));
    assert.equal(stopped(), bare, "the daemon was stopped under a machine that runs");
    for (const path of [unit, "/etc/netboot/settings", `/etc/netboot/iscsi/${iqn("a")}.conf`]) assert.equal(host.snapshot()[path], before[path]);
  }
  await host.shell("sed -i '/I_T nexus: /d; /IP Address/d' /stub/targets");
  await engineOn(host).reconcile(master(false));
  assert.equal(stopped(), bare + 1);
  assert.ok(!existsSync(host.path(unit)));
});

test("killed at any tool: the next run comes to its end, and both files hold one secret", async () => {
  const base = newHost();
  await engineOn(base).reconcile(target("b", 22));
  const op = target("a", 21);
  const probe = newHost(base);
  probe.killAt = 1e9;
  await engineOn(probe).reconcile(op);
  for (let n = 3; n <= probe.tools(); n += 11) {
    const host = newHost(base);
    host.killAt = n;
    await outcome(engineOn(host, { at: 3, when: "before" }).reconcile(op));
    host.killAt = 0;
    await engineOn(host).reconcile(op);
    assert.ok(script(host, 21).includes(secret(host, "a")), `killed at tool ${n}`);
    assert.deepEqual(await whys(host, op), [], `killed at tool ${n}`);
    await engineOn(host).reconcile(gone(op));
    assert.deepEqual(Object.keys(host.snapshot()).filter((path) => path.includes("a:golden") || path.includes("10.0.0.21")), []);
    host.remove();
  }
});

test("a medium is exchanged while its machine has a session, and nothing else is; a broken-off exchange is finished", async () => {
  const medium = (name: string, more: object = {}) => target("a", 21, { luns: { 1: "/srv/a/disk.1" }, media: { 255: `/srv/seeds/${name}` }, ...more });
  const host = newHost();
  await engineOn(host).reconcile(medium("one"));
  assert.match(conf(host, "a"), /<backing-store \/srv\/seeds\/one>\n +lun 255\n.*\n.*\n +readonly 1\n/);
  assert.match(script(host, 21), /:::1:/);
  assert.deepEqual((await engineOn(host).observe(medium("one"))).state, medium("one").want);
  const drawn = secret(host, "a");
  await host.shell("sed -i 's/^    I_T nexus information:/&\\n        I_T nexus: 1\\n                IP Address: 10.0.0.21/' /stub/targets");
  assert.deepEqual(await whys(host, medium("two")), ["its saved file differs"]);
  const shown = async () => (await host.shell("tgtadm --op show --mode target")).stdout;
  assert.match(await shown(), /I_T nexus: 1\n[^]*LUN: 255\n +Readonly: Yes\n +Backing store path: \/srv\/seeds\/two\n/);
  assert.equal(secret(host, "a"), drawn);
  await host.shell("sed -i s/two/three/ /etc/netboot/iscsi/*");
  assert.deepEqual(await whys(host, medium("three")), ["offered otherwise: 1=/srv/a/disk.1,255r=/srv/seeds/two golden+a 10.0.0.21"]);
  assert.deepEqual(await whys(host, medium("three")), []);
  for (const op of [medium("three", { luns: { 1: "/srv/a/disk.2" } }), medium("four", { address: "10.0.0.22" }), medium("three", { media: undefined }), medium("three", { media: { 254: "/srv/seeds/three" } })])
    assert.match((await outcome(engineOn(host).reconcile(op))).error.message, /10\.0\.0\.21 has a session on it/);
});
