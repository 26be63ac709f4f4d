// Places for what unknown machines say: as many as were declared, whatever has happened to them, and in the order in which they were taken.
import assert from "node:assert/strict";
import { mkdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { discoveredIn, discoveredScript, forgetScript, forgottenIn } from "../../provider/dist/engine/discovered.js";
import { fastHost } from "./fastHost.ts";
import { urn } from "./site.ts";

const at = "/srv/netboot/discovered";
const wish = (number?: number): any => ({ owner: urn("MasterServer", "lab"), label: "lab", ...(number && { want: { places: { [at]: number } } }) });

test("places are made, taken, read, given back, and made up for", async (t) => {
  const host = fastHost();
  t.after(() => host.remove());
  const engine = createEngine(host.connect(), { watch: 0 });
  const looked = async () => discoveredIn((await host.shell(discoveredScript())).stdout);
  const placed = async () => (await host.shell(`cd ${at} && ls free && stat -c '%u %a' . free free/* 2>/dev/null | sort -u`)).stdout.trim().split("\n").join(" ");
  assert.deepEqual(await looked(), { machines: [], free: 0 }, "a master without places");

  await engine.reconcile(wish(3));
  assert.equal(await placed(), "000 001 002 33 700 33 755");
  const take = (free: string, mac: string, text?: string, age = 0) => {
    renameSync(host.path(`${at}/free/${free}`), host.path(`${at}/${mac}`));
    if (text === undefined) return;
    writeFileSync(host.path(`${at}/${mac}/report`), text);
    utimesSync(host.path(`${at}/${mac}/report`), Date.now() / 1000 - age, Date.now() / 1000 - age);
  };
  take("000", "52-54-00-00-00-01", '{"a":\n"\t\u001b\u0000"}', 10);
  take("002", "52-54-00-00-00-02", "x".repeat(20_000), 20);
  mkdirSync(host.path(`${at}/52-54-evil`));
  const seen = await looked();
  assert.deepEqual(seen.machines.map(({ mac, age, text }) => [mac, Math.round(age / 10), text!.length]), [["52:54:00:00:00:02", 2, 16385], ["52:54:00:00:00:01", 1, '{"a": " \u001b"}'.length]]);
  assert.equal(seen.free, 1);
  await engine.reconcile(wish(3));
  host.shell(`rmdir ${at}/52-54-evil`);

  assert.deepEqual(forgottenIn((await host.shell(forgetScript(["52:54:00:00:00:02", "52:54:00:00:00:77"]))).stdout), ["52:54:00:00:00:02"]);
  assert.equal(await placed(), "000 001 33 700 33 755");
  assert.deepEqual((await looked()).machines.map(({ mac }) => mac), ["52:54:00:00:00:01"]);
  await host.shell(`rmdir ${at}/free/000`);
  await engine.reconcile(wish(5));
  assert.equal((await looked()).free, 4, "what was lost is made up for");
  await engine.reconcile(wish(1));
  assert.equal((await looked()).free, 0, "who has taken a place keeps it");
  await engine.reconcile(wish());
  assert.equal((await host.shell(`ls -d ${at}`)).code, 2);
});
