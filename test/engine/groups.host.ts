// Operations that come together are committed together; who is refused, or whose daemon dies, fails alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { engineOn, file, mastered, outcome, pool } from "./mastered.ts";
import { machine, site } from "./site.ts";

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

test("eight at a time, each next one a little later than the answer, wait for each other", async () => {
  const host = await mastered();
  const engine = engineOn(host);
  const lane = async (n: number) => {
    for (let i = 0; i < 5; i++) {
      await new Promise((go) => setTimeout(go, 6 * n));
      await engine.reconcile(machine(`m${n}-${i}`, 5 * n + i, "v1"));
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, n) => lane(n)));
  assert.ok(engine.counts.commits <= 8, `${engine.counts.commits} commits for 40 operations, eight at a time`);
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

test("what was refused is said although the host cannot be asked any more what of it is there, and so is that", async () => {
  const host = await mastered();
  const engine = createEngine(host.connect({ at: 3, when: "before" }), { watch: 0, patience: 20 });
  const { error } = await outcome(engine.reconcile(pool("b", "refuse\n")));
  assert.match(error.message, /would not accept .*\n  dnsmasq: bad option at line 1 of \/etc\/netboot\/live\/dnsmasq\.d\/b\.conf\n  What of it is in place could not be asked: connection lost\n/);
  assert.equal(error.partial, undefined);
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
