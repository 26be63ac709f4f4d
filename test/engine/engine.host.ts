import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { blobOf, gone, machine, site, unitFile, urn } from "./site.ts";

/** A host with a master on it, made once and copied. */
const bare = fastHost();
const engineOn = (host: FastHost) => createEngine(host.connect(), { watch: 0, patience: 20, who: "a test" });
const template = (async () => {
  const host = bare.copy();
  await engineOn(host).reconcile(site("v1")[0]);
  return host;
})();
const hosts: FastHost[] = [bare];
async function mastered(): Promise<FastHost> {
  const host = (await template).copy();
  hosts.push(host);
  return host;
}
after(async () => [...hosts, await template].forEach((host) => host.remove()));

const file = (owner: string, path: string, text: string, more: object = {}): any => ({ owner: urn("Thing", owner), label: `Thing "${owner}"`, want: { files: { [path]: text } }, ...more });
const pool = (name: string, text: string) => file(name, `/etc/netboot/live/dnsmasq.d/${name}.conf`, text);
const outcome = (work: Promise<any>): Promise<any> => work.then((result) => ({ result }), (error) => ({ error }));

test("200 operations at once are few commits, one reload, and a second run does nothing", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const machines = Array.from({ length: 200 }, (_, i) => machine(`m${i}`, i, "v1"));
  const results = await Promise.all(machines.map((op) => engine.reconcile(op)));
  assert.deepEqual(results[7]!.changed.map((c) => c.why), ["missing", "missing"]);
  assert.deepEqual({ ...engine.counts }, { probes: 1, commits: 1, writes: 400, reloads: 1, restarts: 0, uploads: 0 });
  const second = engineOn(host);
  const again = await Promise.all(machines.map((op) => second.reconcile(op)));
  assert.equal(again[7]!.why, "2 files, 1 claim: as declared");
  assert.deepEqual({ ...second.counts }, { probes: 1, commits: 0, writes: 0, reloads: 0, restarts: 0, uploads: 0 });
});

test("what arrives while a commit is under way is the next commit", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const first = engine.reconcile(machine("m0", 0, "v1"));
  await new Promise((go) => setTimeout(go, 20));
  await Promise.all([first, ...Array.from({ length: 20 }, (_, i) => engine.reconcile(machine(`n${i}`, i + 1, "v1")))]);
  assert.equal(engine.counts.commits, 2);
});

test("a refresh of 1,000 resources is one round trip, and one more when texts changed behind state", async () => {
  const host = await mastered();
  const machines = Array.from({ length: 1000 }, (_, i) => machine(`m${i}`, i, "v1"));
  const writer = engineOn(host);
  await Promise.all(machines.map((op) => writer.reconcile(op)));
  const engine = engineOn(host);
  const before = host.trips;
  const seen = await Promise.all(machines.map((op) => engine.observe(op)));
  assert.equal(host.trips - before, 1);
  assert.deepEqual(seen[999]!.state, machines[999].want);
  const path = Object.keys(machines[3].want.files)[0]!;
  await host.shell(`echo by hand >${path}; rm ${Object.keys(machines[4].want.files)[0]}`);
  engine.forget();
  const [three, four, older] = await Promise.all([engine.observe(machines[3]), engine.observe(machines[4]), engine.observe(machine("m5", 5, "v0"))]);
  assert.equal(three!.state.files![path], "by hand\n");
  assert.equal(Object.keys(four!.state.files!).length, 1);
  assert.match(Object.values(older!.state.files!)[0] as string, /v1/);
  assert.equal(host.trips - before, 3);
  assert.equal((await engine.observe(machine("unknown", 5, "v1"))).absent, true);
});

test("who is refused by the daemon's checker fails alone, with its words", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const [a, b, c] = await Promise.all([pool("a", "# fine\n"), pool("b", "refuse\n"), pool("c", "# fine\n")].map((op) => outcome(engine.reconcile(op))));
  assert.ok(a.result && c.result);
  assert.match(b.error.message, /Thing "b" on fast: netboot-\w+\.service would not accept .*\n  dnsmasq: bad option at line 1 of \/etc\/netboot\/live\/dnsmasq\.d\/b\.conf/);
  assert.deepEqual(b.error.partial, {});
  const there = Object.keys(host.snapshot());
  assert.ok(there.some((path) => path.endsWith("dnsmasq.d/a.conf")) && !there.some((path) => path.endsWith("dnsmasq.d/b.conf")));
});

test("a daemon that dies of its new files gets the previous ones back, and says why", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const [good, bad] = await Promise.all([pool("good", "# fine\n"), pool("bad", "poison\n")].map((op) => outcome(engine.reconcile(op))));
  assert.ok(good.result, String(good.error));
  assert.match(bad.error.message, /did not stay up .* previous files are back in service\.\n[^]*poison in \/etc\/netboot\/live\/dnsmasq\.d\/bad\.conf/);
  const state = await host.shell("cat /stub/unit/netboot-dhcp.service; ls /stub/ran/netboot-dhcp.service/dnsmasq.d");
  assert.match(state.stdout, /active=active\ngood\.conf\n$/);
  const next = await engine.observe(site("v1")[0]);
  assert.equal(next.state.services!["netboot-dhcp.service"] !== undefined, true, "nothing is owed after the way back");
});

test("a daemon that dies of a file it only reads again gets that back too", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  await engine.reconcile(file("x", "/srv/netboot/dhcp-hosts/x", "one\n"));
  const bad = await outcome(engine.reconcile(file("x", "/srv/netboot/dhcp-hosts/x", "poison\n")));
  assert.match(bad.error.message, /did not stay up/);
  assert.equal(host.snapshot()["/srv/netboot/dhcp-hosts/x"], "one\n");
  assert.match((await host.shell("cat /stub/unit/netboot-dhcp.service")).stdout, /active=active/);
});

test("two stacks that want one path: the second is told of both, and nothing is touched", async () => {
  const host = await mastered();
  await engineOn(host).reconcile(file("a", "/srv/netboot/http/x", "mine"));
  const before = host.snapshot();
  const theirs = await outcome(engineOn(host).reconcile({ ...file("b", "/srv/netboot/http/x", "theirs"), owner: urn("Thing", "b", "prod") }));
  assert.match(theirs.error.message, /\/srv\/netboot\/http\/x belongs to "a" \(stack dev of project site\) .* "b" \(stack prod of project site\) wants it too/);
  assert.deepEqual(host.snapshot(), before);
});

test("claims are exclusive across stacks, and given back", async () => {
  const host = await mastered();
  const claim = (stack: string): any => ({ owner: urn("Machine", "m", stack), label: `Machine "m"`, want: { claims: { "address 10.0.0.20": "" } } });
  await engineOn(host).reconcile(claim("dev"));
  assert.match((await outcome(engineOn(host).reconcile(claim("prod")))).error.message, /address 10\.0\.0\.20 belongs to/);
  await engineOn(host).reconcile(gone(claim("dev")));
  assert.ok((await outcome(engineOn(host).reconcile(claim("prod")))).result);
});

test("a rename's late delete leaves what the new name has taken over", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  await engine.reconcile(file("old", "/srv/netboot/http/x", "text"));
  const later = engineOn(host);
  await later.reconcile(file("new", "/srv/netboot/http/x", "text"));
  await later.reconcile(gone(file("old", "/srv/netboot/http/x", "text")));
  assert.equal(host.snapshot()["/srv/netboot/http/x"], "text");
  await later.reconcile(gone(file("new", "/srv/netboot/http/x", "text")));
  assert.equal(host.snapshot()["/srv/netboot/http/x"], undefined);
});

test("a path that becomes a link, or a file again, is the same resource's path", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const wish = (want: object): any => ({ owner: urn("Machine", "m"), label: "m", want });
  const target = "/srv/netboot/http/mac/a.ipxe";
  await engine.reconcile(wish({ files: { "/srv/netboot/http/uuid/u.ipxe": "one" } }));
  await engine.reconcile(wish({ files: { [target]: "one" }, links: { "/srv/netboot/http/uuid/u.ipxe": "../mac/a.ipxe" } }));
  assert.equal((await host.shell("readlink /srv/netboot/http/uuid/u.ipxe && cat /srv/netboot/http/uuid/u.ipxe")).stdout, "../mac/a.ipxe\none");
  await engine.reconcile(wish({ files: { "/srv/netboot/http/uuid/u.ipxe": "two" } }));
  assert.equal((await host.shell("[ ! -L /srv/netboot/http/uuid/u.ipxe ] && cat /srv/netboot/http/uuid/u.ipxe; ls /srv/netboot/http/mac")).stdout, "two");
});

test("a resource under a new URN, in a renamed stack too, has what it had, and gives up what it no longer wants", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const before = { ...file("m", "/srv/old", "1"), owner: urn("Machine", "m", "dev") };
  await engine.reconcile(before);
  const now = { ...file("m", "/srv/new", "1"), owner: urn("Machine", "m", "prod"), formerly: before.owner };
  await engine.reconcile(now);
  assert.deepEqual(Object.keys(host.snapshot()).filter((path) => /^\/srv\/(old|new)$/.test(path)), ["/srv/new"]);
  assert.equal((await engineOn(host).reconcile({ ...now, want: { files: { "/srv/new": "2" } } })).changed.length, 1);
  await engineOn(host).reconcile({ owner: now.owner, label: "m" });
  assert.equal(host.snapshot()["/srv/new"], undefined);
  assert.equal((await host.shell("grep -l 'Machine::m' /var/lib/netboot/owners/*")).stdout, "");
});

test("two resources of one run with one key: the second is refused, in one group or the next", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const [a, b] = await Promise.all([file("a", "/srv/x", "1"), file("b", "/srv/x", "2")].map((op) => outcome(engine.reconcile(op))));
  const c = await outcome(engine.reconcile(file("c", "/srv/x", "3")));
  assert.ok(a.result);
  for (const { error } of [b, c]) assert.match(error.message, /\/srv\/x is wanted by "a"/);
});

test("a foreign file is refused, one that holds exactly what is wanted is adopted", async () => {
  const host = await mastered();
  await host.shell("mkdir -p /srv/theirs; printf theirs >/srv/theirs/x; chmod 700 /srv/theirs");
  const engine = engineOn(host);
  assert.match((await outcome(engine.reconcile(file("a", "/srv/theirs/x", "ours")))).error.message, /a file that is not ours stands at \/srv\/theirs\/x \(content differs\)/);
  assert.ok((await outcome(engine.reconcile(file("b", "/srv/theirs/x", "theirs")))).result);
  const dir = await outcome(engine.reconcile({ owner: urn("T", "d"), label: "d", want: { directories: { "/srv/theirs": "0755" } } }));
  assert.match(dir.error.message, /the directory \/srv\/theirs is there, not ours, and not as wanted: mode 0700 → 0755/);
  await engine.reconcile(gone(file("b", "/srv/theirs/x", "theirs")));
  assert.equal((await host.shell("stat -c %a /srv/theirs")).stdout, "700\n", "a directory that was there stays");
});

test("a file edited by hand is put back, and one edited between look and write is looked at again", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const x = (text: string) => file("a", "/srv/netboot/http/x", text);
  await engine.reconcile(x("1"));
  await host.shell("printf by-hand >/srv/netboot/http/x");
  await engine.reconcile(x("2"));
  assert.equal(host.snapshot()["/srv/netboot/http/x"], "2");
  assert.equal(engine.counts.probes, 2);
});

test("another run's commit in between makes the plan stale, and both end well", async () => {
  const host = await mastered();
  const [one, two] = [engineOn(host), engineOn(host)];
  await one.reconcile(file("a", "/srv/a", "1"));
  await two.reconcile(file("b", "/srv/b", "1"));
  await Promise.all(Array.from({ length: 4 }, (_, i) => [one.reconcile(file(`a${i}`, `/srv/a${i}`, "1")), two.reconcile(file(`b${i}`, `/srv/b${i}`, "1"))]).flat());
  const there = Object.keys(host.snapshot()).filter((path) => /^\/srv\/[ab]/.test(path));
  assert.equal(there.length, 10);
});

test("a run waits for the lock and says who holds it; a dead holder holds nothing", async () => {
  const host = await mastered();
  const holder = host.shell("exec 9>>/var/lib/netboot/lock; flock 9; echo 'eve@laptop, process 1' >/var/lib/netboot/lock; sleep 1; kill -9 $$");
  await new Promise((go) => setTimeout(go, 300));
  const said: string[] = [];
  await engineOn(host).reconcile(file("a", "/srv/a", "1", { status: (text: string) => said.push(text) }));
  await holder;
  assert.ok(said.includes("waiting for the lock, held by eve@laptop, process 1"), said.join("\n"));
});

test("a service stopped, disabled or restarted behind our back is put right; a lost restart is owed", async () => {
  const host = await mastered();
  await host.shell("systemctl disable --now netboot-dhcp.service; rm /var/lib/netboot/stamps/netboot-http.service.restart");
  const engine = engineOn(host);
  const result = await engine.reconcile(site("v1")[0]);
  assert.deepEqual(result.changed.map((c) => `${c.key}: ${c.why}`), ["netboot-dhcp.service: disabled → enabled", "netboot-http.service: restart owed: what it watches changed since"]);
  assert.equal(engine.counts.restarts, 2);
});

test("a resource that knows nothing of a service pays what is owed", async () => {
  const host = await mastered();
  await host.shell("rm /var/lib/netboot/stamps/netboot-dhcp.service.reload");
  const engine = engineOn(host);
  await engine.reconcile(file("a", "/srv/a", "1"));
  assert.equal(engine.counts.reloads, 1);
});

test("a daemon that finds new files by itself is reloaded for changed and removed ones alone, whatever was cut short", async () => {
  const host = await mastered();
  const master = site("v1")[0];
  master.want.services["netboot-dhcp.service"].findsNew = true;
  const engine = engineOn(host);
  await engine.reconcile(master);
  const before = engine.counts.reloads;
  const reloads = () => engine.counts.reloads - before;
  const hosts = (name: string, text: string) => file(name, `/srv/netboot/dhcp-hosts/${name}`, text);
  await engine.reconcile(hosts("a", "1"));
  await engine.reconcile(hosts("b", "1"));
  assert.equal(reloads(), 0);
  await engine.reconcile(hosts("a", "2"));
  assert.equal(reloads(), 1);
  await engine.reconcile(gone(hosts("b", "1")));
  assert.equal(reloads(), 2);
  // A crash between the file and the stamp: the next commit catches up, and a later change is seen as one.
  await host.shell("echo 1 >/srv/netboot/dhcp-hosts/c");
  engine.forget();
  await engine.reconcile(file("x", "/srv/x", "1"));
  assert.equal(reloads(), 2);
  await host.shell("echo 2 >/srv/netboot/dhcp-hosts/c");
  engine.forget();
  await engine.reconcile(file("x", "/srv/x", "2"));
  assert.equal(reloads(), 3);
});

test("blobs are uploaded once, verified, shared, and go with their last owner", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const blob = blobOf("a kernel");
  const path = `/srv/netboot/http/blob/${blob.sha256}/vmlinuz`;
  const said: string[] = [];
  const op = (name: string): any => ({ owner: urn("KernelImage", name), label: name, want: { blobs: { [path]: blob.spec } }, sources: { [blob.sha256]: blob.file }, status: (text: string) => said.push(text) });
  await Promise.all([engine.reconcile(op("a")), engine.reconcile(op("b"))]);
  assert.equal(engine.counts.uploads, 1);
  assert.equal(host.snapshot()[path], "a kernel");
  assert.ok(said.some((text) => /uploading .*: 100 %, [\d.]+ MiB\/s/.test(text)), said.join("\n"));
  assert.deepEqual((await engineOn(host).observe(op("a"))).state, op("a").want);
  await engine.reconcile(gone(op("a")));
  assert.equal(host.snapshot()[path], "a kernel");
  await engine.reconcile(gone(op("b")));
  assert.deepEqual(Object.keys(host.snapshot()).filter((name) => /\/blob\/|incoming\/./.test(name)), []);
});

test("a blob that is retained outlives its owner and the sweep, and is nobody's; declared again, it is not uploaded again", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const blob = blobOf("a kernel to keep");
  const path = `/srv/netboot/http/blob/${blob.sha256}/vmlinuz`;
  const op: any = { owner: urn("KernelImage", "kept"), label: "kept", want: { blobs: { [path]: blob.spec } }, sources: { [blob.sha256]: blob.file } };
  await engine.reconcile(op);
  await engine.reconcile({ ...gone(op), retain: true });
  assert.equal(host.snapshot()[path], "a kernel to keep");
  const later = engineOn(host);
  await later.reconcile(op);
  assert.equal(later.counts.uploads, 0);
  assert.equal(host.snapshot()[path], "a kernel to keep");
  await later.reconcile({ ...gone(op), retain: true });
  await later.reconcile({ owner: urn("MasterServer", "lab"), label: "lab", sweep: true });
  assert.equal(host.snapshot()[path], "a kernel to keep");
});

test("a blob whose source is missing or changed names the local file", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const op = (sha256: string, size: number, source: string): any => ({ owner: urn("KernelImage", "k"), label: 'KernelImage "k"', want: { blobs: { [`/srv/blob/${sha256}`]: { sha256, size } } }, sources: { [sha256]: source } });
  assert.match((await outcome(engine.reconcile(op("0".repeat(64), 1, "/nowhere/vmlinuz")))).error.message, /cannot read \/nowhere\/vmlinuz \(ENOENT\)/);
  const blob = blobOf("other bytes!");
  const other = createHash("sha256").update("wanted bytes").digest("hex");
  assert.match((await outcome(engine.reconcile(op(other, 12, blob.file)))).error.message, /is sha256:\w+ and was sha256:\w+ when it was previewed/);
  assert.equal(Object.keys(host.snapshot()).some((name) => name.startsWith("/srv/blob")), false);
});

test("checks are asked before the first write, and only of who changes something", async () => {
  const host = await mastered();
  writeFileSync(host.path("/stub/ss"), 'UNCONN 0 0 0.0.0.0:67 0.0.0.0:* users:(("dhcpd",pid=77,fd=7))\n');
  const checks = [{ check: "debian" }, { check: "port", protocol: "udp", port: 67, unit: "netboot-dhcp.service" }, { check: "space", path: "/srv/netboot", bytes: 1e15 }];
  const engine = engineOn(host);
  const before = host.snapshot();
  const { error } = await outcome(engine.reconcile(file("a", "/srv/a", "1", { checks })));
  assert.match(error.message, /udp port 67 is taken by dhcpd \(process 77\), listening on 0\.0\.0\.0:67; netboot-dhcp\.service needs it/);
  assert.match(error.message, /\/srv\/netboot needs 953674317 MiB/);
  assert.deepEqual(host.snapshot(), before);
  assert.deepEqual((await engine.doctor(checks as any)).map((finding) => finding.ok), [true, false, false]);
  const idle = await engine.reconcile({ ...site("v1")[0], checks });
  assert.deepEqual(idle.changed, []);
});

test("an installation that fails names the package, and the others go on", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const tool: any = { owner: urn("T", "tool"), label: "tool", want: { packages: { "no-such-tool": {} } } };
  const [a, b] = await Promise.all([tool, file("b", "/srv/b", "1")].map((op) => outcome(engine.reconcile(op))));
  assert.match(a.error.message, /apt-get could not do its work for no-such-tool\.\n[^]*Unable to locate package no-such-tool/);
  assert.ok(b.result);
});

test("packages that the host had, or that others need, stay", async () => {
  const host = bare.copy();
  hosts.push(host);
  await host.shell("touch /stub/dpkg/nginx-light /stub/dpkg/nginx-common");
  const op: any = { owner: urn("M", "m"), label: "m", want: { packages: { dnsmasq: { quiet: ["dnsmasq.service"] }, "nginx-light": { quiet: ["nginx-light.service"] } } } };
  await engineOn(host).reconcile(op);
  assert.ok(!host.journal().some((line) => line.includes("disable nginx")), "what runs already is not switched off");
  await host.shell("mkdir -p /stub/needs; echo libvirt >/stub/needs/dnsmasq-base");
  const { why } = await engineOn(host).reconcile({ ...gone(op), sweep: true });
  assert.match(why, /packages stay: dnsmasq dnsmasq-base: needed by libvirt/);
  assert.equal((await host.shell("ls /stub/dpkg")).stdout, "dnsmasq\ndnsmasq-base\nnginx-common\nnginx-light\n");
});

test("a sweep takes what the stack still claims, and leaves another stack's", async () => {
  const host = await mastered();
  await engineOn(host).reconcile(file("orphan", "/srv/orphan", "1"));
  await engineOn(host).reconcile({ ...file("theirs", "/srv/theirs", "1"), owner: urn("Thing", "theirs", "prod") });
  await engineOn(host).reconcile(gone(site("v1")[0]));
  const there = Object.keys(host.snapshot()).filter((path) => path.startsWith("/srv") || path.startsWith("/etc/netboot"));
  assert.deepEqual(there, ["/srv/theirs"]);
});

test("hostile text and names arrive as they are", async () => {
  const host = await mastered();
  const text = "it's $HOME `id` \\n \\\\ \"q\" ${x}\r\n\t%s %d é \u0081\n--\nEOF\n";
  const path = "/srv/netboot/http/it's a $(name) -n";
  await engineOn(host).reconcile({ owner: urn("T", "h'o\\st"), label: "h", want: { files: { [path]: text, "/etc/netboot/live/dnsmasq.d/-a 'b": text }, links: { "/srv/-l": "-target 'x" }, claims: { "na'me $(x)": "" } } } as any);
  assert.equal(host.snapshot()[path], text);
  const seen = await engineOn(host).observe({ owner: urn("T", "h'o\\st"), label: "h", want: { files: { [path]: "" }, links: { "/srv/-l": "" } } } as any);
  assert.deepEqual(seen.state, { files: { [path]: text }, links: { "/srv/-l": "-target 'x" } });
  for (const bad of ["relative", "/a/../b", "/a//b", "/a\nb", "/a\tb", "/"]) assert.match((await outcome(engineOn(host).reconcile(file("p", bad, "x")))).error.message, /is not|holds/);
});

test("a full disk is said in words, and nothing is torn", async () => {
  const host = await mastered();
  const engine = createEngine(async () => {
    const transport = await host.connect()();
    return { ...transport, run: (script: string, options: any) => transport.run(options.step === "apply" ? `mkdir -p /srv/small; mount -t tmpfs -o size=8k tmpfs /srv/small\n${script}` : script, options) };
  }, { watch: 0 });
  const { error } = await outcome(engine.reconcile(file("a", "/srv/small/x", "x".repeat(100_000))));
  assert.match(error.message, /the disk is full/);
});

test("a unit's changed spec or file restarts it with systemd's view renewed", async () => {
  const host = await mastered();
  const [master] = site("v1");
  master.want.files["/etc/systemd/system/netboot-dhcp.service"] = unitFile("dnsmasq", "v9");
  const engine = engineOn(host);
  await engine.reconcile(master);
  assert.equal(engine.counts.restarts, 1);
  assert.ok(!host.journal().some((line) => line.startsWith("STALE")));
});

test("a connection lost once, at any message, is mended within the run", async () => {
  for (const at of [1, 2]) {
    const host = await mastered();
    let messages = 0;
    const engine = createEngine(async () => {
      const transport = await host.connect()();
      const run = async (script: string, options: any) => {
        const output = await transport.run(script, options);
        if (++messages === at) throw Object.assign(new Error("cut"), { name: "ConnectionLost" });
        return output;
      };
      return { ...transport, run };
    }, { watch: 0 });
    const result = await outcome(engine.reconcile(file("a", "/srv/a", "1")));
    if (at === 1) assert.equal(result.error?.message, undefined, "a lost probe is asked again");
    assert.equal(host.snapshot()["/srv/a"], "1");
    assert.ok(result.result);
  }
});

test("what is written is durable before it is renamed, and records before what they name", async () => {
  const host = await mastered();
  for (const tool of ["sync", "mv"]) writeFileSync(host.path(`/stub/bin/${tool}`), `#!/bin/sh\necho "${tool} $*" >>/stub/disk\nexec /usr/bin/${tool} "$@"\n`, { mode: 0o755 });
  await engineOn(host).reconcile(file("a", "/srv/a", "1"));
  const steps = (await host.shell("cat /stub/disk")).stdout.split("\n").map((line) => (line.startsWith("sync") ? "sync" : /netboot-stage\/(\w+)/.exec(line)?.[1])).filter(Boolean);
  assert.deepEqual(steps, ["sync", "ahead", "files", "sync"]);
});
