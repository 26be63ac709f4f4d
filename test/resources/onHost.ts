/** Cases on a host without a machine: what of them only a mirror, a network or a device could answer has a stand-in, and is told of. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineFor } from "../../provider/dist/engine/engine.js";
import { entriesOf } from "../../provider/dist/engine/entries.js";
import { kindOf } from "../../provider/dist/engine/kinds/index.js";
import { split } from "../../provider/dist/engine/record.js";
import { fastHost, type FastHost, withDevices } from "../engine/fastHost.ts";
import { urn } from "../engine/site.ts";
import { checked, connection } from "./good.ts";
import type { Fields } from "./resource.ts";

const sources = mkdtempSync(join(tmpdir(), "netboot-contract-"));
process.on("exit", () => rmSync(sources, { recursive: true, force: true }));

/** The inputs with files that are there: what a case calls the digest of a local file is that of one. */
function local<T>(inputs: T): T {
    const digests = new Map<string, string>();
    const walk = (value: any): any => {
        if (Array.isArray(value)) return value.map(walk);
        if (!value || typeof value !== "object") return value;
        const all = Object.fromEntries(Object.entries(value).map(([key, v]) => [key, walk(v)]));
        if (typeof all.sha256 !== "string" || typeof all.path !== "string") return all;
        const text = `what ${all.sha256} stands for`;
        const path = join(sources, createHash("sha256").update(text).digest("hex"));
        digests.set(all.sha256, path.slice(-64));
        writeFileSync(path, text);
        return { ...all, path, ...(all.size !== undefined && { size: text.length }) };
    };
    let text = JSON.stringify(walk(inputs));
    for (const [old, now] of digests) text = text.replaceAll(old, now);
    return JSON.parse(text);
}

export interface OnHost {
    name: string;
    title: string;
    /** As check leaves them. */
    inputs: any;
    keys: Map<string, string>;
}

/** A case as `create` gets it, of a master that `batch` names when it is known. */
export function onHost(name: string, title: string, given: Fields): OnHost {
    const { master, pool, ...own } = given as any;
    const host = `master of ${name} ${title}`;
    const { inputs, failures } = checked(name, { ...local(own), ...(master ? { master: { ...master, host } } : { host }), ...(pool && { pool }) }, { __urn: urn(name, title) });
    if (failures.length) throw new Error(`${name} ${title}: ${JSON.stringify(failures)}`);
    const keys = new Map(entriesOf(inputs as any).map(([of, spec]): [string, string] => [of, kindOf(split(of)[0]).digest(spec as never)]));
    for (const [path, { generation }] of Object.entries(parents([{ inputs }]))) keys.set(`volumes\t${path}`, `${PARENT} ${generation}`);
    return { name, title, inputs, keys };
}
const PARENT = "another's, of generation";

/** As few batches as may be: in each, nobody wants what another has, but for what may be shared. */
export function batches(all: OnHost[]): OnHost[][] {
    const made: { cases: OnHost[]; held: Map<string, string> }[] = [];
    for (const one of all) {
        let batch = made.find(({ held }) => [...one.keys].every(([of, digest]) => !held.has(of) || ((kindOf(split(of)[0]).shared || digest.startsWith(PARENT)) && held.get(of) === digest)));
        if (!batch) made.push((batch = { cases: [], held: new Map() }));
        for (const [of, digest] of [...one.keys]) batch.held.set(of, digest);
        batch.cases.push(one);
    }
    return made.map(({ cases }) => cases);
}

const template = withDevices(fastHost());
for (const daemon of ["dnsmasq", "nginx"]) writeFileSync(template.path(`stub/bin/${daemon}`), "#!/bin/sh\n", { mode: 0o755 });

export const removeTemplate = () => template.remove();

/** What has a stand-in, by what is not here. */
export const standIns = new Map<string, Set<string>>();
const standIn = (why: string, whose: string) => (standIns.set(why, (standIns.get(why) ?? new Set()).add(whose)), true);

/** A host, and the batch as it is sent there: the engine is the adapter's own, over a connection that is none. */
export async function hostFor(batch: OnHost[], at: string): Promise<{ host: FastHost; engine: any; all: OnHost[] }> {
    const host = template.copy();
    const engine: any = engineFor(`root@${at}:22`, host.connect(), { watch: 0, patience: 20, who: "a test" });
    const wants = batch.map(({ inputs }) => inputs);
    for (const { packages = {} } of wants) for (const name of Object.keys(packages)) writeFileSync(host.path(`stub/repo/${name}`), "");
    const pools = new Set(batch.flatMap(({ inputs }) => (inputs.__master ? [JSON.parse(inputs.__master).ref.storage?.pool].filter(Boolean) : [])));
    const settings = "/etc/netboot/volumes";
    if (!wants.some(({ files }) => files && settings in files)) await host.shell(`mkdir -p /etc/netboot; printf 'warn 0\\nrefuse 101\\n${[...pools].map((pool) => `pool ${pool}\\n`).join("")}' >${settings}`);
    const reconcile = engine.reconcile;
    engine.reconcile = (op: any) => reconcile(here(op));
    return { host, engine, all: batch.map((one) => ({ ...one, inputs: there(one.inputs, at) })) };
}

function there({ __master, __connection, ...inputs }: any, host: string): any {
    return { ...inputs, ...(__master ? { __master: JSON.stringify({ ...JSON.parse(__master), connection: { ...connection, host } }) } : { __connection: { ...connection, host } }) };
}

/** The operation with what this machine can do of it. What the host is asked before has tests of its own. */
function here({ checks: _, ...op }: any): any {
    const builds = Object.entries<any>(op.builds ?? {}).map(([path, build]) => [path, /\bapt-get\b|\bcurl\b/.test(build.script) || build.uploads?.length || /on the master/.test(build.script) ? standIn("a build", path.replace(/\/[0-9a-f]{16,}$/, "")) && { script: "echo built >what" } : build]);
    const switches = Object.entries<any>(op.switches ?? {}).map(([key, way]) => [key, standIn("a switch", way.driver) && { machine: way.machine, timeoutSeconds: 5, pace: way.pace, driver: "command", command: ["/usr/bin/true"], user: "root", environment: {} }]);
    return { ...op, ...(op.builds && { builds: Object.fromEntries(builds) }), ...(op.switches && { switches: Object.fromEntries(switches) }) };
}

/** Volumes that those of the batch are copies of, and that somebody else declares. */
export function parents(batch: Pick<OnHost, "inputs">[]): Record<string, any> {
    const wanted: Record<string, any> = Object.assign({}, ...batch.map(({ inputs }) => inputs.volumes ?? {}));
    const copies = Object.values(wanted).flatMap(({ driver, from }) => (from && !from.image ? [{ path: from.volume ?? from.copy, driver, at: from.at ?? 1 }] : []));
    const generation = (path: string) => Math.max(...copies.filter((one) => one.path === path).map(({ at }) => at));
    return Object.fromEntries(copies.filter(({ path }) => !(path in wanted)).map(({ path, driver }) => [path, { driver, generation: generation(path), size: 1 << 20 }]));
}
