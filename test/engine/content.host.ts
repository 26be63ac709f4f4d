// What is asked and brought before a commit: blobs, checks, packages; and text of any kind.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { engineOn, file, mastered, outcome } from "./mastered.ts";
import { blobOf, gone, urn, site } from "./site.ts";

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
  await host.shell(`: >${path}`);
  assert.deepEqual((await engineOn(host).observe(op("a"))).state.blobs![path], { sha256: "unknown: changed on the host", size: 0 });
  assert.deepEqual((await engineOn(host).reconcile(op("a"))).changed.map(({ why }) => why), ["size 0 → 8"]);
  assert.equal(host.snapshot()[path], "a kernel");
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
  const last = engineOn(host);
  await last.reconcile(file("first", "/srv/first", "asked about before"));
  await last.reconcile(op);
  assert.equal(last.counts.uploads, 0, "whoever came first");
  await last.reconcile({ ...gone(op), retain: true });
  await later.reconcile({ owner: urn("MasterServer", "lab"), label: "lab", sweep: true });
  assert.equal(host.snapshot()[path], "a kernel to keep");
});

test("groups of new blobs cost no further probe; where something of nobody's may stand, one small question each", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  await engine.reconcile(file("first", "/srv/first", "asked about before"));
  const group = (n: number, at: (sha256: string) => string) =>
    Promise.all(
      Array.from({ length: 4 }, (_, i) => {
        const { sha256, file, spec } = blobOf(`kernel ${n} ${i}`);
        return engine.reconcile({ owner: urn("KernelImage", `k${n}-${i}`), label: "k", want: { blobs: { [at(sha256)]: spec } }, sources: { [sha256]: file } });
      }),
    );
  for (let n = 0; n < 5; n++) await group(n, (sha256) => `/srv/netboot/http/blob/${sha256}/vmlinuz`);
  assert.deepEqual([engine.counts.probes, engine.counts.uploads], [1, 20]);
  const before = { ...engine.counts };
  await host.shell("mkdir /srv/flat && mv /srv/first /srv/flat/first"); // a whole probe would see that this is gone
  for (let n = 5; n < 8; n++) await group(n, (sha256) => `/srv/flat/${sha256}`);
  assert.deepEqual([engine.counts.probes - before.probes, engine.counts.uploads], [3, 32]);
  assert.deepEqual((await engine.reconcile(file("first", "/srv/first", "asked about before"))).changed, []);
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
