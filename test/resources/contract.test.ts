/** What every resource passes for free: a new folder under provider/resources needs no line here. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { allows } from "../../provider/dist/validate.js";
import { KINDS } from "../../provider/dist/pulumi/inputs.js";
import { good, normalised, shuffled } from "./good.ts";
import "./quickHashes.ts";
import { places, put } from "./places.ts";
import { type Fields, type Json, judged, resourceNames, resourceType, schemaOf } from "./resource.ts";

const clean = (value: unknown) => JSON.parse(JSON.stringify(value));

describe("schemas", () => {
    for (const file of readdirSync(new URL("../../schema", import.meta.url)).filter((name) => name.endsWith(".json") && name !== "package.json"))
        it(`${file}: every field says what it is, with an example that holds`, () => {
            const walk = (schema: any, pointer: string) => {
                for (const [part, inner] of Object.entries<any>({ ...schema.properties }).map(([key, v]) => [`/properties/${key}`, v] as const)) field(inner, pointer + part);
                for (const [key, inner] of Object.entries<any>(schema.$defs ?? {})) field(inner, `${pointer}/$defs/${key}`);
                if (schema.items) walk(schema.items, `${pointer}/items`);
            };
            const field = (schema: any, pointer: string) => {
                const where = `${file}#${pointer}`;
                const target = schema.$ref ? refOf(schema.$ref, file) : {};
                assert.ok(schema.title ?? target.title, `${where} has no title`);
                assert.ok((schema.description ?? target.description)?.length > 10, `${where} has no description`);
                assertUnit({ ...target, ...schema }, where);
                const shown = [...(schema.examples ?? target.examples ?? []), ...("default" in schema ? [schema.default] : []), ...("const" in schema ? [schema.const] : [])];
                assert.ok(shown.length, `${where} has neither default nor example`);
                for (const example of shown) assert.ok(defaultHolds(example, schema) || allows(where, example), `${where}: its own example or default ${JSON.stringify(example)} does not hold`);
                walk(schema, pointer);
            };
            const schema = schemaOf(file.replace(".json", ""));
            walk(schema, "");
        });
});

const UNITS = { time: /\b(seconds|minutes|hours)\b/i, size: /\b(bytes|GB|MiB|GiB)\b/i, share: /\bpercent\b/i, rate: /\bbits a second\b/i };
/** By their names, what can be meant of more than one unit. */
const OF: [RegExp, RegExp][] = [[/time|wait|pause|stall|patience|duration|seconds/i, UNITS.time], [/size|bytes|raw/i, UNITS.size], [/percent/i, UNITS.share], [/rate$/i, UNITS.rate]];
const COUNT = /\b(how (many|often)|so many|number|which|port|raise it by one)\b/i;

/** A number says what it counts, in which unit; so does a text that has a unit in it. */
function assertUnit({ type, description, examples = [], default: preset }: any, where: string): void {
    const [, must] = OF.find(([name]) => name.test(where.split("/").at(-1)!)) ?? [];
    if (type === "integer" || type === "number") assert.match(description, must ?? new RegExp([...Object.values(UNITS), COUNT].map(({ source }) => source).join("|"), "i"), `${where} does not say its unit, or what it counts`);
    if ([...examples, preset].some((text) => /^[0-9.]+ ?([KMGT]i?B|[smhdwk])$/.test(String(text)))) assert.match(description, new RegExp(Object.values(UNITS).map(({ source }) => source).join("|"), "i"), `${where} does not say its units`);
}

/** What a reference leads to, with what each step on the way says of it. */
function refOf(ref: string, file: string): any {
    const [other, pointer] = ref.split("#") as [string, string];
    const found = pointer.split("/").filter(Boolean).reduce((at: any, key) => at[key], schemaOf((other || file).replace(".json", "")));
    return found.$ref ? { ...refOf(found.$ref, other || file), ...found } : found;
}
/** `{}` stands for a map of defaults. */
const defaultHolds = (value: unknown, schema: any) => JSON.stringify(value) === "{}" && JSON.stringify(schema.default) === "{}";

for (const name of resourceNames())
    describe(name, () => {
        const type = resourceType(name);

        it("has no field that check adds or hides", () => {
            for (const field of Object.keys(schemaOf(name).properties!)) assert.ok(![...KINDS, "nextBoot", "revisions", "ref"].includes(field) && !field.startsWith("__"), field);
        });

        it("has every field in some case", () => {
            const used = new Set(good(name).flatMap((inputs) => Object.keys(inputs)));
            assert.deepEqual(Object.keys(schemaOf(name).properties!).filter((field) => !used.has(field)), []);
        });

        it("takes its own examples", () => {
            for (const inputs of schemaOf(name).examples as Fields[]) assert.deepEqual(judged(name, inputs).failures, []);
        });

        it("is pure: the same input gives the same bytes, in whatever order its keys come, normalised or not, with what check has added", () => {
            for (const inputs of good(name)) {
                const input = normalised(name, inputs);
                const frozen = JSON.stringify(input);
                const desired = type.desired(input);
                assert.deepEqual(type.desired(clean(input)), desired);
                assert.deepEqual(type.desired(shuffled(clean(input))), desired);
                assert.deepEqual(type.desired(normalised(name, clean(input))), desired);
                assert.deepEqual(type.desired({ ...clean(input), ...desired.state, ...desired.outputs, nextBoot: "x" }), desired);
                assert.equal(JSON.stringify(input), frozen, "the input was changed");
            }
        });

        it("says nothing that JSON does not know", () => {
            for (const inputs of good(name)) {
                const desired = type.desired(normalised(name, inputs));
                assert.deepEqual(clean(desired), desired);
            }
        });

        it("names absolute, normal, plain paths", () => {
            for (const inputs of good(name)) assertPaths(type.desired(normalised(name, inputs)).state);
        });

        it("has no iPXE script that is taken for a whole one when its end is lost", () => {
            for (const inputs of good(name))
                for (const [path, file] of Object.entries<any>(type.desired(normalised(name, inputs)).state.files ?? {})) {
                    const text: string = file.text ?? file;
                    // Of those that set a value, who calls them asks for the value.
                    if (!text.startsWith("#!ipxe\n") || /^#!ipxe\nset .*\n$/.test(text) || path.endsWith("/fresh.ipxe")) continue;
                    assert.match(text, /^#!ipxe\ngoto last\n:first\n[^]*\n:last\ngoto first\n$/, path);
                }
        });

        it("renders a masked value wherever a secret may stand", () => {
            for (const inputs of good(name)) {
                const input = normalised(name, inputs);
                for (const { path, value } of places(input)) {
                    if (value && typeof value === "object") continue;
                    const masked = typeof value === "string" ? "masked" : typeof value === "number" ? value + 1 : !value;
                    assert.doesNotThrow(() => type.desired(put(input, path, masked) as Fields), path.join("."));
                }
            }
        });

        it("refuses hostile texts, or leaves them without effect", () => {
            for (const inputs of good(name))
                for (const { path, value } of places(inputs)) {
                    if (typeof value !== "string") continue;
                    for (const [text, where] of HOSTILE) {
                        const { failures, desired } = judged(name, put(inputs, path, text) as Fields);
                        if (failures.length) assertSentences(failures);
                        else assertInert(desired!.state, text, where, path.join("."));
                    }
                }
        });

        it("refuses what is of another type, in words", () => {
            for (const inputs of good(name).slice(0, 1))
                for (const { path } of places(inputs))
                    for (const odd of [null, 1e99, -1, [], {}, [[]], true, "", "constructor", "__proto__"] as Json[]) assertSentences(judged(name, put(inputs, path, odd) as Fields).failures);
        });
    });

function assertPaths(state: any): void {
    for (const kind of ["directories", "links", "blobs", "artifacts", "files"])
        for (const path of Object.keys(state[kind] ?? {})) assert.match(path, /^(\/(?!\.\.?(\/|$))[A-Za-z0-9._+-]+)+$/);
}

function assertSentences(failures: { property: string; reason: string }[]): void {
    for (const { property, reason } of failures) {
        assert.ok(property, `a failure without a property: ${reason}`);
        assert.match(reason, /^[^\n]{10,700}[.?]$/);
        assert.doesNotMatch(reason, /undefined|\[object|must match|NOT have/);
    }
}

/** What a seed holds is for the user to say: it is text for cloud-init, and nothing on the master reads it. */
type Language = "ipxe" | "grub" | "dnsmasq" | "hosts" | "nginx" | "seed" | "page";
const everywhere: Language[] = ["ipxe", "grub", "dnsmasq", "hosts", "nginx"];
const HOSTILE: [string, Language[]][] = [
    ["x\ny", everywhere], ["x\ry", everywhere], ["x\u0000y", everywhere], ["x\u001by", everywhere], ["xüy", everywhere], ["x\u2028y", everywhere],
    ['x"y', everywhere], ["x'y", everywhere], ["x${net0/mac}y", everywhere], ["x || shell", ["ipxe", "hosts", "nginx"]], ["x && shell", ["ipxe", "hosts", "nginx"]],
    ["x ; shell", ["ipxe", "hosts", "nginx"]], ["x #y", everywhere], ["#y", everywhere], ["x\\", everywhere], ["x\ty", everywhere], ["x, y", ["hosts"]], ["x,ignore", ["hosts"]],
    ["x; }", ["nginx"]], ["x {", ["nginx"]], ["$(id)", ["nginx", "hosts"]], ["../../etc/passwd", ["hosts", "nginx"]], ["/etc/passwd", ["hosts", "nginx"]], ["..", ["hosts", "nginx"]],
];

function languageOf(path: string): Language {
    if (path.endsWith(".ipxe")) return "ipxe";
    if (path.startsWith("/srv/netboot/tftp/grub/")) return "grub";
    // So is what an installer is answered.
    if (/^\/srv\/netboot\/(http\/(seed|answers)|seeds)\//.test(path)) return "seed";
    if (path.startsWith("/srv/netboot/dhcp-hosts/")) return "hosts";
    // The same bytes for everyone: neither page nor installers' scripts have a place for an input.
    if (path.startsWith("/srv/netboot/http/installers/")) return "page";
    if (path.startsWith("/srv/netboot/page/") && !path.startsWith("/srv/netboot/page/assigned/")) return "page";
    return path.includes("dnsmasq") ? "dnsmasq" : "nginx";
}

function assertInert(state: any, text: string, where: Language[], place: string): void {
    assertPaths(state);
    for (const [path, file] of Object.entries<any>(state.files ?? {})) {
        const content: string = file.text ?? file;
        assert.ok(!where.includes(languageOf(path)) || !content.includes(text), `${place} = ${JSON.stringify(text)} reached ${path}:\n${content}`);
    }
}
