// What passes between the engine and the dynamic-provider process, and how the provider's text is taken there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { provider as providerOf } from "../../provider/dist/index.js";
import { check } from "../../provider/dist/pulumi/check.js";
import { casesIn, resolved } from "../resources/cases.ts";
import { resourceNames, resourceType } from "../resources/resource.ts";
import { type DynamicProvider, shim, startDynamicProvider } from "./dynamicProvider.ts";
import { connection, handle, machine, urn } from "./inputs.ts";
import { repository } from "./onHost.ts";

let provider: DynamicProvider;
before(async () => void (provider = await startDynamicProvider(repository)));
after(() => provider.stop());

/** The dynamic host hands the provider to a second call before it has waited for the first one's `configure`. */
test("no provider has a `configure`: the calls that come first, all at once, are answered like any other", async () => {
    for (const name of resourceNames()) assert.deepEqual(Object.keys(providerOf(name)).sort(), ["check", "create", "delete", "diff", "read", "update"], name);
    const fresh = await startDynamicProvider(repository);
    const answers = await Promise.all([1, 2, 3].map((n) => fresh.check("Machine", machine(`first-${n}`, { mac: `52:54:00:00:01:0${n}` }))));
    await fresh.stop();
    for (const { inputs, failures } of answers) assert.deepEqual([failures, typeof inputs.nextBoot], [[], "string"]);
});

/** Outs that the wire refuses ("Unexpected struct type.") would leave a host changed and state without it. */
test("what JSON does not know, at whatever depth, is no error on the wire and no wrong value in state", async () => {
    const odd = "{ none: undefined, nan: NaN, infinite: Infinity, date: new Date(0), bytes: Buffer.from('ab'), map: new Map([[1, 2]]), big: 12n, call() {}, symbol: Symbol('x') }";
    const __provider = `exports.handler=()=>{const p=require("pulumi-netboot/provider").provider("Machine"),odd=()=>(${odd});return {...p,update:(id,olds,news)=>p.update(id,olds,{...news,__odd:{...odd(),list:[odd(),undefined,()=>1]}})}}`;
    const { inputs } = await provider.check("Machine", machine("odd", { mac: "52:54:00:00:01:11" }));
    const rotated = { ...inputs, __provider, __master: handle({ connection: { ...connection, user: "admin" } }) };
    const outs: any = await provider.update("Machine", inputs, rotated);
    const kept = { nan: null, infinite: null, date: "1970-01-01T00:00:00.000Z", bytes: { type: "Buffer", data: [97, 98] }, map: {}, big: 12 };
    assert.deepEqual(outs.__odd, { ...kept, list: [kept, null, null] });
    assert.deepEqual(outs.files, inputs.files);
});

test("every case of every resource passes the wire as check has made it", async () => {
    let passed = 0;
    for (const [folder, cases] of casesIn("resources"))
        for (const { name, content } of cases.filter(({ content }) => content.desired)) {
            const type = folder[0]!.toUpperCase() + folder.slice(1);
            const { master, pool, ...fields } = resolved(content.inputs) as any;
            // Each on a master of its own: two cases may claim the same thing.
            const host = `${folder}-${name}.example`;
            const of = (ref: object, key: string) => ref && { [key]: handle({ ref: { ...ref, host, maxErase: 99 } }) };
            const news = { ...fields, ...of(master, "__master"), ...of(pool, "__pool"), ...(!master && { host, __connection: connection }), __urn: urn(type, fields.name, name) };
            const { inputs, failures } = await provider.check(type, news);
            assert.deepEqual(failures, [], `${type}: ${name}`);
            assert.deepEqual(inputs, { ...check(resourceType(type), {}, news as any).inputs, __provider: shim(type) }, `${type}: ${name}`);
            passed++;
        }
    assert.ok(passed > 100, `${passed} of them`);
});
