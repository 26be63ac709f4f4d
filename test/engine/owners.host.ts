// Whose is what on a host: two stacks, renames, what is foreign, and what goes with its last owner.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bare, engineOn, file, kept, mastered, outcome } from "./mastered.ts";
import { gone, site, urn } from "./site.ts";

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

test("two stacks' subnets do not overlap on one master; one stack may change its own", async () => {
  const host = await mastered();
  const claim = (net: string, stack: string): any => ({ owner: urn("DhcpPool", "lan", stack), label: `DhcpPool "lan"`, want: { claims: { [`subnet ${net}`]: "" } } });
  await engineOn(host).reconcile(claim("10.0.0.0/24", "dev"));
  assert.match((await outcome(engineOn(host).reconcile(claim("10.0.0.128/25", "prod")))).error.message,
    /subnet 10\.0\.0\.0\/24 belongs to "lan" \(stack dev of project site\) on this master, and "lan" \(stack prod of project site\) wants subnet 10\.0\.0\.128\/25, which overlaps it/);
  assert.ok((await outcome(engineOn(host).reconcile(claim("10.0.1.0/24", "prod")))).result);
  assert.ok((await outcome(engineOn(host).reconcile(claim("10.0.0.0/25", "dev")))).result);
  assert.ok((await outcome(engineOn(host).reconcile({ ...claim("10.0.0.128/25", "prod"), owner: urn("DhcpPool", "more", "prod") }))).result);
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

test("packages that the host had, or that others need, stay", async () => {
  const host = bare.copy();
  kept(host);
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
