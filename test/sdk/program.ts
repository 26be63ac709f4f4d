// A program without an engine: what each of its resources is checked to be (`Machine web-1`), as a preview would have it.
import { createRequire } from "node:module";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { connection } from "../adapter/inputs.ts";

const require = createRequire(import.meta.url);
export const pulumi: typeof import("@pulumi/pulumi") = require("@pulumi/pulumi");
export const netboot: any = require("../../sdk/dist/index.js");

/** What a resource would be stored as, or why it is refused. */
export interface Seen {
    inputs: any;
    failures: string[];
}

/** Runs what constructs resources; those of another run are forgotten, and `before` says what state has of this one's. */
export async function resourcesOf(construct: () => void, before: Record<string, Seen> = {}): Promise<Record<string, Seen>> {
    const seen: Record<string, Seen> = {};
    pulumi.runtime.setMocks({
        call: ({ inputs }) => inputs,
        newResource({ type, name, inputs }) {
            const short = type.split(":").at(-1)!;
            if (!type.includes("dynamic")) return { id: name, state: inputs };
            const checked: any = check(resourceType(short), before[`${short} ${name}`]?.inputs ?? {}, inputs);
            seen[`${short} ${name}`] = { inputs: checked.inputs, failures: checked.failures.map(({ reason }: { reason: string }) => reason) };
            return { id: name, state: checked.inputs };
        },
    }, "netboot", "test");
    construct();
    await (pulumi.runtime as any).disconnect();
    return seen;
}

/** A master that keeps volumes, and a pool. */
export function site() {
    const master = new netboot.MasterServer("lab", { connection, address: "10.0.0.2", storage: {} });
    const lan = new netboot.DhcpPool("lan", { master, subnet: "10.0.0.0/24", range: "10.0.0.50-10.0.0.199" });
    return { master, lan, pool: lan };
}
