/** A secret at every text of every input: nothing that Pulumi shows or stores in clear has it, nor do the words of what is refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { provider } from "../../provider/dist/pulumi/provider.js";
import { hushed } from "../../provider/dist/pulumi/secret.js";
import { checked, good } from "./good.ts";
import { places, put } from "./places.ts";
import { type Fields, resourceNames } from "./resource.ts";
import { HUSH, secretAt } from "./secrets.ts";
import "./quickHashes.ts";

const SEALED = "4dabf18193072939515e22adb298388d";
const clear = (value: unknown): string => JSON.stringify(value, (_, it) => (it?.[SEALED] ? "[secret]" : it));

/** As it is given, and as paths, URLs and hexadecimal have it. */
const forms = (secret: string) => [secret, secret.replaceAll(":", "-"), secret.replaceAll(":", ""), Buffer.from(secret).toString("hex"), Buffer.from(secret).toString("base64")].map((form) => form.toLowerCase());
function assertHidden(shown: unknown, secret: string, where: string): void {
    const text = clear(shown).toLowerCase();
    for (const form of forms(secret)) assert.ok(!text.includes(form), `${where} is secret, and ${form} is shown: ${text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form) + 80)}`);
}

for (const name of resourceNames())
    describe(name, () => {
        const texts = good(name).flatMap((inputs) => places(inputs).filter(({ path, value }) => typeof value === "string" && path[0] !== "master" && path[0] !== "pool").map((place) => ({ inputs, place, where: place.path.join(".") })));

        it("shows no secret, wherever it is, in nothing that Pulumi prints or stores in clear", async (t) => {
            const never = new Set<string>();
            const tried = new Set<string>();
            for (const { inputs, place, where } of texts) {
                const field = where.replace(/\d+/g, "n");
                const found = secretAt(name, inputs, place);
                (found ? tried : never).add(field);
                if (!found) continue;
                const { inputs: shown, failures, ...notices } = checked(name, found.given, { __secrets: [place.path] });
                if (where === "name") assert.match(failures[0]!.reason, /^name is a secret/);
                else assert.deepEqual(failures, [], where);
                if (failures.length) continue;
                assertHidden([shown, notices], found.secret, where);
                // What is sealed in inputs is sealed in the outputs that state keeps of them, which are made of plain values.
                const { outs } = await provider(name).update("it", plain(shown), plain(shown));
                assertHidden(outs, found.secret, `${where}, in outputs,`);
            }
            t.diagnostic(`no other value fits ${[...never].filter((field) => !tried.has(field)).join(", ") || "nowhere"}`);
        });

        it("quotes no secret that it refuses", () => {
            for (const { inputs, place, where } of texts)
                for (const hostile of [`${HUSH}\n`, `${HUSH} || x`, `\${${HUSH}}`, `"${HUSH}"`, `../${HUSH}`, `{{ ${HUSH} }}`, `${HUSH}:00`]) {
                    const { failures } = checked(name, put(inputs, place.path, hostile) as Fields, { __secrets: [place.path] });
                    if (failures.length) assertHidden(failures, HUSH, where);
                }
        });
    });

/** As the engine hands values to a provider that takes no envelopes. */
function plain(value: any): any {
    if (Array.isArray(value)) return value.map(plain);
    if (!value || typeof value !== "object") return value;
    return SEALED in value ? plain(value.value) : Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
}

describe("a message without secrets", () => {
    const say = hushed(["correct horse", "52:54:00:aa:bb:cc", "10.0.0.5", "desk", "no", "1", "e"].sort((a, b) => b.length - a.length));
    it("has them in no form", () => {
        assert.equal(say('the password "correct horse" of 10.0.0.5.'), 'the password "[secret]" of [secret].');
        assert.equal(say("password=desk, /srv/52-54-00-aa-bb-cc.ipxe"), "password=[secret], [secret]");
    });
    it("can still be read where a secret is a short word or a figure", () => {
        assert.equal(say('Machine "desk-03" on root@10.0.0.1:22: cannot connect: nothing there'), 'Machine "desk-03" on root@10.0.0.1:22: cannot connect: nothing there');
    });
    it("is what it was where there are none", () => assert.equal(hushed([])("1 e no"), "1 e no"));
});
