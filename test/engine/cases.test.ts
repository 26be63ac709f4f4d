import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { factsFrom, parseAnswer } from "../../provider/dist/engine/facts.js";
import { kindOf } from "../../provider/dist/engine/kinds/index.js";
import { plan } from "../../provider/dist/engine/plan.js";

/**
 * Cases are data. `kinds/<kind>/*.json`: what is wanted, what the probe printed, and why something is to be done, or null; optionally pieces of the
 * script. `plan/*.json`: operations, what the host says, and what comes of it.
 */
const root = join(import.meta.dirname, "../cases");

for (const path of globSync("kinds/*/*.json", { cwd: root }).sort())
  test(path, () => {
    const { want, seen, why, record, observed, script } = JSON.parse(readFileSync(join(root, path), "utf8"));
    const kind = kindOf(basename(dirname(path)) as any);
    const parsed = seen === undefined ? undefined : kind.parse(seen.split("\t"));
    assert.equal(kind.diff(want, parsed, script?.key ?? "") ?? null, why);
    if (record !== undefined) assert.equal(kind.digest(want), record);
    if (observed !== undefined) assert.deepEqual(kind.observed(parsed, want, undefined), observed);
    if (script === undefined) return;
    const key = script.key;
    const op = want === undefined ? "remove" : parsed ? "change" : "add";
    const steps = kind.script([{ kind: kind.name, key, op, why: "", owner: "o", want, seen: parsed }], { watched: () => script.watched ?? false, build: () => script.build });
    assert.deepEqual(Object.fromEntries(Object.entries(steps).map(([phase, list]) => [phase, list.map((piece: any) => piece.text)]).filter(([, list]) => list!.length)), script.steps);
  });

for (const path of globSync("plan/*.json", { cwd: root }).sort())
  test(path, () => {
    const { ops, host, changes, refused, records, debts, prune, purge } = JSON.parse(readFileSync(join(root, path), "utf8"));
    const out = plan(ops, factsFrom(parseAnswer([...host, "end", ""].join("\n"))));
    const of = (op: any) => out.changes.get(op)?.map((change) => `${change.op} ${change.kind} ${change.key}: ${change.why}`) ?? [];
    assert.deepEqual(ops.flatMap((op: any) => (of(op).length ? [[op.label, ...of(op)]] : [])), changes ?? []);
    assert.deepEqual([...out.refused].map(([op, problem]) => [op.label, problem.cause]), refused ?? []);
    if (records) assert.deepEqual(Object.fromEntries([...out.records].map(([owner, record]) => [owner, record ? [...record].map(([entry, digest]) => `${entry}\t${digest}`) : null])), records);
    assert.deepEqual([out.debts, out.prune, out.purge], [debts ?? [], prune ?? [], purge ?? false]);
  });
