// What check says of orders to erase: how many, which, and never again by a lower number.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { handle, machine, master } from "./inputs.ts";

const image = { name: "classroom", digest: "4".repeat(64) };
let next = 0;
/** A machine that is cloned, on a master of this host: erasures are counted by master. */
const clone = (name: string, host: string, generation: number, most = 10): any =>
    machine(name, {
        mac: `52:54:00:00:01:${(next++).toString(16).padStart(2, "0")}`,
        boot: { kind: "clone", image, disk: "only", generation },
        __master: handle({ ref: { ...master, host, maxErase: most, imaging: { id: "5b1ac0de", cmdline: "quiet" } } }),
    });
const judged = (olds: any, news: any): any => check(resourceType("Machine"), olds, news);

test("a first generation is an erasure, the same again none, and state remembers the highest for ever", () => {
    const news = clone("a", "10.1.0.1", 1);
    const first = judged({}, news);
    assert.deepEqual(first.erase, [{ machine: "a", generation: 1 }]);
    assert.deepEqual(first.inputs.__ordered, { a: 1 });
    const again = judged(first.inputs, news);
    assert.deepEqual([again.erase, again.inputs], [[], first.inputs]);
    const local = judged(again.inputs, { ...news, boot: { kind: "local" } });
    assert.deepEqual([local.inputs.orders, local.inputs.__ordered], [undefined, { a: 1 }]);
    const back = judged(local.inputs, { ...news, boot: { ...news.boot, generation: 3 } });
    assert.deepEqual([back.erase, back.inputs.__ordered], [[{ machine: "a", generation: 3 }], { a: 3 }]);
});

test("a lower generation is refused, with the two numbers that make sense", () => {
    const news = clone("b", "10.1.0.2", 3);
    const { inputs } = judged({}, news);
    const { failures } = judged(inputs, { ...news, boot: { ...news.boot, generation: 2 } });
    assert.equal(failures[0].reason, "boot.generation is 2 for b, and 3 was ordered already: keep 3 to leave the disk as it is, or say 4 to erase it once more.");
});

test("more erasures in one run than the master allows are refused, by name", () => {
    for (const name of ["c1", "c2"]) assert.deepEqual(judged({}, clone(name, "10.1.0.3", 1, 2)).failures, []);
    const { failures } = judged({}, clone("c3", "10.1.0.3", 1, 2));
    assert.match(failures[0].reason, /boot\.generation of c3 would make 3 machines that this run orders erased, and maxErase of the master is 2: set maxErase: 3/);
    assert.deepEqual(judged({}, clone("d1", "10.1.0.4", 1, 1)).failures, [], "another master counts for itself");
});

test("machines that were erased by an earlier run do not count", () => {
    const news = clone("e1", "10.1.0.5", 1, 1);
    const { inputs } = judged({}, news);
    judged(inputs, news);
    assert.deepEqual(judged({}, clone("e2", "10.1.0.5", 1, 1)).failures, []);
});
