import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { reportsIn, reportsScript } from "../../provider/dist/engine/reports.js";
import { fastHost } from "./fastHost.ts";
import { urn } from "./site.ts";

test("what the master knows of its machines, in one trip, and what a machine says is only text", async (t) => {
  const host = fastHost();
  t.after(() => host.remove());
  const job = "netboot-job 1\ngeneration 2\nend end\n";
  await createEngine(host.connect(), { watch: 0 }).reconcile({ owner: urn("Machine", "desk-01"), label: "desk-01", want: { orders: { "desk-01": { generation: 2, job } } } } as any);
  const say = (machine: string, text: string) => {
    mkdirSync(host.path(`/srv/netboot/reports/${machine}`), { recursive: true });
    writeFileSync(host.path(`/srv/netboot/reports/${machine}/status`), text);
  };
  say("desk-01", '{"stage":"write","percent":41.5,"rate":5242880,"eta":"soon","error":"\\u001b[31mred","shell":"rm"}');
  say("desk-02", "{ no json");
  const asked = { "desk-01": undefined, "desk-02": undefined, "desk-03": undefined };
  const { stdout } = await host.shell(reportsScript(asked));
  const [first, second, third] = await reportsIn(stdout, asked);
  assert.deepEqual({ ...first, age: 0 }, { machine: "desk-01", generation: 2, order: "waiting", age: 0, said: { stage: "write", error: "?[31mred", percent: 41.5, rate: 5242880 } });
  assert.equal(second!.said!.error, "its report cannot be read");
  assert.deepEqual(third, { machine: "desk-03", generation: 0, order: "none" });
});

test("where a machine may leave a word stays while nothing is in it, though others go", async (t) => {
  const host = fastHost();
  t.after(() => host.remove());
  const engine = createEngine(host.connect(), { watch: 0 });
  const machine = (name: string, want?: object) => ({ owner: urn("Machine", name), label: name, want }) as any;
  await engine.reconcile(machine("desk-01", { reports: { "desk-01": "" } }));
  await engine.reconcile(machine("desk-02", { reports: { "desk-02": "" } }));
  await engine.reconcile(machine("room", { places: { "/srv/netboot/discovered": 1 } }));
  rmSync(host.path("/srv/netboot/discovered/free/000"), { recursive: true });
  await engine.reconcile(machine("desk-02"));
  assert.deepEqual(readdirSync(host.path("/srv/netboot/reports")), ["desk-01"]);
  assert.deepEqual(readdirSync(host.path("/srv/netboot/discovered")), ["free"]);
  await engine.reconcile(machine("room"));
  await engine.reconcile(machine("desk-01"));
  assert.deepEqual(existsSync(host.path("/srv/netboot")), false);
});
