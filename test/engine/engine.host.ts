// Other hands and other runs: what is changed, stopped or locked behind our back, and a connection that is lost.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { fastHost } from "./fastHost.ts";
import { engineOn, file, mastered, outcome } from "./mastered.ts";
import { gone, site, unitFile } from "./site.ts";

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

test("a full disk is said in words, also where the engine's memory is on it, and nothing is torn", async (t) => {
  for (const [small, where] of [["/srv/small", "cannot write /srv/small/x: "], ["/var/lib/netboot", ""]] as const) {
    const host = fastHost();
    t.after(() => host.remove());
    const engine = createEngine(async () => {
      const transport = await host.connect()();
      return { ...transport, run: (script: string, options: any) => transport.run(options.step === "apply" ? `mkdir -p ${small}; mount -t tmpfs -o size=8k tmpfs ${small}\n${script}` : script, options) };
    }, { watch: 0 });
    const { error } = await outcome(engine.reconcile(file("a", "/srv/small/x", "x".repeat(100_000))));
    assert.match(error.message, new RegExp(`the disk is full\\.\n[^]*${where}No space left on device \\(\\d+ KiB free in ${small}\\)\nMake room on the master, where the words above say`));
  }
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
