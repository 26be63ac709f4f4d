/** Values that are not known yet, at every place of every input: the preview goes on, shows nothing half known, and still says what is wrong with the rest. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasUnknown, tripsOver, UNKNOWN } from "../../provider/dist/unknown.js";
import { validate } from "../../provider/dist/validate.js";
import { check } from "../../provider/dist/pulumi/check.js";
import { provider } from "../../provider/dist/pulumi/provider.js";
import { checked, good, sent } from "./good.ts";
import { places, put } from "./places.ts";
import { type Fields, type Json, resourceNames, resourceType } from "./resource.ts";
import "./quickHashes.ts";

/** A text with something unknown in it must be unknown as a whole, or Pulumi takes it for a value. Handles are texts of our own. */
function assertWhole(value: unknown, where: string): void {
    for (const { path, value: found } of places(JSON.parse(JSON.stringify(value)))) {
        if (typeof found === "string" && found.includes(UNKNOWN) && !String(path[0]).startsWith("__")) assert.equal(found, UNKNOWN, `${where}: ${path.join(".")}`);
        assert.ok(!path.some((key) => String(key).includes(UNKNOWN)), `${where}: ${path.join(".")} is a key with something unknown in it`);
    }
}

/** What is shown is what it will be: the part that is rendered, wherever it is not unknown. */
function assertTrue(shown: any, real: any, given: Fields, where: string): void {
    for (const { path, value } of places(JSON.parse(JSON.stringify(shown)))) {
        const key = String(path[0]);
        if (key in given || key.startsWith("__") || value === UNKNOWN || (value && typeof value === "object")) continue;
        assert.deepEqual(value, path.reduce((at: any, step) => at?.[step], real), `${where} is not known, and yet ${path.join(" ")} is shown`);
    }
}

for (const name of resourceNames())
    describe(name, () => {
        const type = resourceType(name);

        it("is checked and compared with something unknown anywhere, and what is shown is no guess", async () => {
            const { diff } = provider(name);
            for (const inputs of good(name)) {
                const state = checked(name, inputs).inputs as any;
                for (const { path } of places(inputs)) {
                    if (path[0] === "name") continue;
                    const where = path.join(".");
                    const { inputs: shown, failures } = checked(name, put(inputs, path, UNKNOWN), {}, state);
                    assert.deepEqual(failures, [], where);
                    assertWhole(shown, where);
                    assertTrue(shown, state, inputs, where);
                    assert.equal((await diff("it", state, shown as any)).changes, true, `${where} is no change`);
                }
            }
        });

        it("says what is wrong beside it", () => {
            for (const inputs of good(name).slice(0, 4)) {
                const all = places(inputs);
                const parts = all.filter(({ path, value }) => path.length === 1 && path[0] !== "master" && path[0] !== "pool" && value !== null && typeof value !== "object");
                for (const wrong of parts)
                    for (const { path } of all) {
                        if (path[0] === "name" || path[0] === wrong.path[0]) continue;
                        const { failures } = checked(name, put(put(inputs, wrong.path, [[]]), path, UNKNOWN));
                        assert.ok(failures.some(({ property }) => property === wrong.path[0]), `${wrong.path[0]} is wrong and ${path.join(".")} unknown: ${JSON.stringify(failures)}`);
                    }
            }
        });

        it("hides no fault behind it", () => {
            for (const inputs of good(name).slice(0, 4))
                for (const { path } of places(inputs)) {
                    const { input } = validate(type, put(inputs, path, UNKNOWN) as Fields);
                    const given = type.normalise ? type.normalise(input) : input;
                    assert.ok(hasUnknown(given), `${path.join(".")}: normalising lost it`);
                    assert.ok(!tripsOver(() => (undefined as any).field, given), "a fault of another making is none of an unknown value's");
                }
        });
    });

it("a fault of our own is said as one, beside something unknown too, and quotes no secret", () => {
    const machine = (more: object) => ({ ...good("Machine")[0], serial: "HUSH-4711", ...more });
    for (const more of [{}, { hostname: UNKNOWN }]) {
        const { failures } = check({ ...resourceType("Machine"), desired: ({ serial }) => JSON.parse(`{ ${serial}`) }, {}, sent(machine(more), { __secrets: [["serial"]] }));
        assert.equal(failures.length, 1);
        assert.match(failures[0]!.reason, /^Machine "[^"]+" makes pulumi-netboot fail, which is a fault of its own .*: SyntaxError: /);
        assert.doesNotMatch(failures[0]!.reason, /HUSH/);
    }
});
