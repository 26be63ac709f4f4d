/** test/cases/roster/<group>/<case>.json: { why, steps: [{ owner, master, claims, problems? }] }. A new case needs no code. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRoster } from "../../provider/dist/roster.js";
import { casesIn, rewrite, updating } from "./cases.ts";

describe("claims of several resources", () => {
    for (const [group, cases] of casesIn("roster"))
        for (const one of cases)
            it(`${group}: ${one.name}`, () => {
                const roster = createRoster();
                const seen = one.content.steps.map(({ problems: _, ...step }: any) => {
                    const problems = roster.add(step.owner, step.master, step.claims);
                    return problems.length ? { ...step, problems } : step;
                });
                if (updating) rewrite(one, { steps: seen });
                else assert.deepEqual(seen, one.content.steps);
            });
});
