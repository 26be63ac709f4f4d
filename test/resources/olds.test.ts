/** The state of an older release: without a field that there is now, with one that is no more. Whatever it is, it is an update, and replaces nothing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UNKNOWN } from "../../provider/dist/unknown.js";
import { silent } from "../../provider/dist/pulumi/powers.js";
import { provider } from "../../provider/dist/pulumi/provider.js";
import { checked, good } from "./good.ts";
import { type Place, places } from "./places.ts";
import { resourceNames } from "./resource.ts";
import "./quickHashes.ts";

/** Who it is, and where: state has had these from the first. */
const IDENTITY = ["name", "__urn", "__master", "__connection", "host"];

/** What a diff does not look at: what an update writes down without doing anything. */
const SILENT = ["__secrets", "__unwell", "__booted"];

/** A disk without what it is a copy of is an empty one: another, for which a generation has to be raised. */
const isContent = (path: Place["path"]) => path[0] === "volumes" && path[2] === "from";

function without(state: any, [key, ...rest]: Place["path"]): any {
    if (Array.isArray(state)) return rest.length ? state.map((v, i) => (i === key ? without(v, rest) : v)) : state.filter((_, i) => i !== key);
    if (!rest.length) return Object.fromEntries(Object.entries(state).filter(([k]) => k !== key));
    return { ...state, [key!]: without(state[key!], rest) };
}

for (const name of resourceNames())
    describe(name, () => {
        const { diff } = provider(name);

        it("takes state without any of its fields, and with one that it does not know", async () => {
            for (const inputs of good(name)) {
                const state = checked(name, inputs).inputs as any;
                const fields = places(state).filter(({ path }) => !IDENTITY.includes(String(path[0])) && !isContent(path));
                const olds: [string, any][] = [
                    ...fields.map(({ path }): [string, any] => [path.join(" "), without(state, path)]),
                    ...["bygone", "__bygone"].map((key): [string, any] => [key, { ...state, [key]: { some: ["thing"] } }]),
                    ["all but its name", Object.fromEntries(Object.entries(state).filter(([key]) => IDENTITY.includes(key)))],
                ];
                for (const [what, old] of olds) {
                    const again = checked(name, inputs, {}, old);
                    assert.deepEqual(again.failures, [], `state without ${what}`);
                    const news = again.inputs as any;
                    const { changes, replaces } = await diff("it", old, news);
                    assert.deepEqual(replaces, [], `state without ${what} is replaced`);
                    if (SILENT.includes(what)) continue;
                    assert.equal(changes, true, `state without ${what} is no change`);
                    // What is due now, and how often a secret was another: all else that is wanted depends on no past.
                    const settled = ({ revisions: _, ...rest }: any) => silent(rest);
                    assert.deepEqual(settled(news), settled(state), `state without ${what} leads to another one`);
                }
            }
        });

        it("takes state that a newer release cut short, and one that is unknown", async () => {
            const inputs = good(name)[0]!;
            const state = checked(name, inputs).inputs as any;
            for (const key of Object.keys(state).filter((key) => !IDENTITY.includes(key)))
                for (const odd of [null, "", 7, [], {}, UNKNOWN]) {
                    assert.deepEqual(checked(name, inputs, {}, { ...state, [key]: odd }).failures, [], `${key} is ${JSON.stringify(odd)}`);
                    assert.deepEqual((await diff("it", { ...state, [key]: odd }, state)).replaces, []);
                }
        });
    });
