/**
 * test/cases/resources/<resource>/<case>.json: { why?, inputs, desired } or { why?, inputs, failures }. `desired` may speak of a part only;
 * with `"whole": true` it must be everything. A new case needs no code.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { casesIn, lines, resolved, rewrite, spoken, updating } from "./cases.ts";
import { type Fields, judged, resourceNames } from "./resource.ts";

const all = casesIn("resources");
const nameOf = (folder: string) => folder[0]!.toUpperCase() + folder.slice(1);

describe("resources by cases", () => {
    it("every resource has cases, and every folder of cases a resource", () => {
        assert.deepEqual([...all.keys()].map(nameOf).sort(), resourceNames());
    });
    for (const [folder, cases] of all)
        for (const one of cases)
            it(`${folder}: ${one.name}`, () => {
                const { inputs, desired, failures, whole } = one.content;
                const seen = judged(nameOf(folder), resolved(inputs) as Fields);
                const rendered = seen.desired && lines(JSON.parse(JSON.stringify(seen.desired)));
                if (updating) return rewrite(one, seen.desired ? { desired: desired && !whole ? spoken(desired, rendered) : rendered } : { failures: seen.failures });
                assert.deepEqual(seen.failures, failures ?? []);
                if (desired) assert.deepEqual(whole ? rendered : spoken(desired, rendered), desired);
            });
});
