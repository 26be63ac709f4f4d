/** What every resource passes on a host: rendered, put there by the real scripts, found by the real probe, it is what it is to be; and nothing of it stays. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { provider } from "../../provider/dist/pulumi/provider.js";
import { urn } from "../engine/site.ts";
import { named } from "./good.ts";
import { batches, hostFor, onHost, type OnHost, parents, removeTemplate, standIns } from "./onHost.ts";
import { HUSH, listening, withSecrets } from "./secrets.ts";
import { resourceNames } from "./resource.ts";
import "./quickHashes.ts";

after(removeTemplate);
const all = resourceNames().flatMap((name) => named(name).map(([title, inputs]) => onHost(name, title, inputs)));
/** An image's content comes of a build. */
const impossible = ({ inputs }: OnHost) => Object.values<any>(inputs.volumes ?? {}).some(({ from }) => from?.image);

/** State as a release had it that knew less: half of the content, links, claims and directories, and none of the newer maps. */
function older({ reports: _, places: __, powers: ___, nextBoot: ____, revisions: _____, ...inputs }: any, more: any): any {
    const half = (map: object = {}) => Object.fromEntries(Object.entries(map).filter(([key], i) => i % 2 || key.startsWith("/etc/")));
    return { ...inputs, ...Object.fromEntries(["links", "claims", "directories"].filter((kind) => inputs[kind]).map((kind) => [kind, half(inputs[kind])])), files: { ...half(inputs.files), ...more.files } };
}

describe("on a host", () => {
    for (const [i, batch] of batches(all.filter((one) => !impossible(one))).entries())
        it(batch.map(({ name, title }) => `${name} ${title}`).join(", "), async () => {
            const { host, engine, all } = await hostFor(batch, `batch-${i}`);
            try {
                const others = Object.entries(parents(batch)).map(([path, spec]) => ({ owner: urn("Volume", path), label: path, want: { volumes: { [path]: spec } } }));
                await Promise.all(others.map((op) => engine.reconcile(op)));
                const before = host.snapshot();
                const each = <T>(what: (one: OnHost, at: ReturnType<typeof provider>) => Promise<T>) => Promise.all(all.map((one) => what(one, provider(one.name)).catch((error: any) => Promise.reject(new Error(`${one.name} ${one.title}: ${error.message}`)))));

                const made = await each(({ inputs }, at) => at.create(inputs));
                engine.forget();
                const read: any[] = await each(async (_, at) => at).then((ats) => Promise.all(ats.map((at, n) => at.read(made[n]!.id, made[n]!.outs as any))));
                read.forEach(({ props, inputs }, n) => {
                    const what = `${all[n]!.name} ${all[n]!.title}: a refresh shows drift`;
                    assert.deepEqual(props, made[n]!.outs, what);
                    assert.deepEqual(inputs, props, what);
                });
                const { commits } = engine.counts;
                engine.forget();
                await each(({ inputs }, at) => at.create(inputs));
                assert.equal(engine.counts.commits, commits, "there was something left to do");

                await Promise.all(all.map((one, n) => provider(one.name).delete(made[n]!.id, made[n]!.outs as any)));
                const now = host.snapshot();
                const kept = all.flatMap(({ inputs }) => [...(inputs.retain ? Object.keys({ ...inputs.blobs, ...inputs.artifacts }) : []), ...Object.entries<any>(inputs.volumes ?? {}).flatMap(([path, { retain }]) => (retain ? [path] : []))]);
                // The ledger outlives the site; packages and units are stubs.
                const stays = (path: string) => /^\/var\/lib\/netboot(-ledger)?\/|^\/stub\/|stub_Packages$|\/$/.test(path) || kept.some((at) => path.startsWith(at));
                assert.deepEqual(Object.keys({ ...before, ...now }).filter((path) => now[path] !== before[path] && !stays(path)), [], "something is left, or gone");
            } finally {
                host.remove();
            }
        });
    it("after the state of an older release it is what it is when it is made anew, and goes whole", async () => {
        const some = resourceNames().flatMap((name) => all.filter((one) => one.name === name && !impossible(one)).slice(0, 2));
        for (const [i, batch] of batches(some).entries()) {
            const { host, engine, all } = await hostFor(batch, `older-${i}`);
            const before = host.snapshot();
            const bygone = { files: { [`/srv/netboot/bygone-${i}`]: "of an older release\n" } };
            const olds: any[] = all.map(({ inputs }, n) => older(inputs, n ? {} : bygone));
            const made = await Promise.all(all.map(({ name }, n) => provider(name).create(olds[n])));
            const updated: any[] = await Promise.all(all.map(({ name, inputs }, n) => provider(name).update(made[n]!.id, { ...made[n]!.outs, bygone: "field" } as any, inputs)));
            engine.forget();
            for (const [n, { name, title, inputs }] of all.entries()) {
                const { __provider, ...outs } = updated[n].outs;
                assert.deepEqual(((await provider(name).read(made[n]!.id, updated[n].outs)) as any).props, outs, `${name} ${title}`);
                assert.deepEqual(Object.keys(outs).sort(), Object.keys(inputs).sort(), `${name} ${title}`);
            }
            // All that state knew then is enough for the end of it: the host has records of its own.
            await Promise.all(all.map(({ name, inputs }, n) => provider(name).delete(made[n]!.id, older(inputs, {}))));
            const now = host.snapshot();
            host.remove();
            assert.deepEqual(Object.keys(now).filter((path) => !(path in before) && !/^\/var\/lib\/netboot(-ledger)?\/|^\/stub\/|stub_Packages$|\/$/.test(path)), []);
        }
    });
    it("no secret is among a tool's arguments, which every user of the master can read", async () => {
        const seen = new Set<string>();
        const hushed = resourceNames().flatMap((name) => named(name).flatMap(([title, inputs]) => {
            const { given, fields } = withSecrets(name, inputs);
            const more = fields.map((field) => field.split(".").slice(-2).join(".")).filter((field) => !seen.has(field));
            more.forEach((field) => seen.add(field));
            const one = more.length ? onHost(name, title, given) : undefined;
            return one && !impossible(one) ? [one] : [];
        }));
        assert.ok(seen.size > 30, [...seen].join("\n"));
        for (const [i, batch] of batches(hushed).entries()) {
            const { host, engine, all } = await hostFor(batch, `secret-${i}`);
            const log = listening(host);
            await Promise.all(Object.entries(parents(batch)).map(([path, spec]) => engine.reconcile({ owner: urn("Volume", path), label: path, want: { volumes: { [path]: spec } } })));
            const made = await Promise.all(all.map((one) => provider(one.name).create(one.inputs)));
            engine.forget();
            await Promise.all(all.map((one, n) => provider(one.name).read(made[n]!.id, made[n]!.outs as any)));
            await Promise.all(all.map((one, n) => provider(one.name).delete(made[n]!.id, made[n]!.outs as any)));
            const said = log();
            host.remove();
            assert.ok(said.length > 100, "nobody listened");
            assert.deepEqual(said.filter((line) => line.toLowerCase().includes(HUSH)), [], batch.map(({ name, title }) => `${name} ${title}`).join());
        }
    });
    it("but for what is not here", (t) => {
        for (const [why, whose] of standIns) t.diagnostic(`${why} by a stand-in: ${[...whose].join(", ")}`);
        for (const one of all.filter(impossible)) t.diagnostic(`not at all: ${one.name} ${one.title}`);
    });
});
