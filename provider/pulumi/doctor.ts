import type { Finding } from "../engine/index";
import type { Check } from "../engine/state";
import { resourceType } from "../resources/registry";
import { hasUnknown } from "../unknown";
import { engineOf } from "./host";
import { connectionOf, type Inputs, label, pureInput } from "./inputs";

/** A resource as Pulumi's plan has it: its type token and its checked inputs. */
export interface Planned {
    type: string;
    inputs: Record<string, unknown>;
}

export interface Diagnosis {
    /** `root@10.0.0.2:22` */
    host: string;
    /** Which resources ask: `DhcpPool "lan"`. */
    for: string;
    ok: boolean;
    what: string;
    mend?: string;
}

const PREFIX = "pulumi-nodejs:dynamic/netboot:";

/** Asks every master what an `up` would ask before its first write. Writes nothing. */
export async function diagnose(resources: Planned[]): Promise<Diagnosis[]> {
    // Who asks wants to know now: one dial, no further tries.
    const masters = Map.groupBy(resources.flatMap(questions), ({ inputs }) => engineOf({ ...connectionOf(inputs), dialErrorLimit: 0 }));
    const answers = await Promise.all([...masters].map(async ([engine, asked]) => answered(engine, asked)));
    return answers.flat();
}

interface Question {
    inputs: Inputs;
    label: string;
    check: Check;
}

function questions({ type, inputs }: Planned): Question[] {
    if (!type.startsWith(PREFIX) || hasUnknown(inputs)) return [];
    const name = type.slice(PREFIX.length);
    const known = inputs as Inputs;
    return (resourceType(name).desired(pureInput(known)).checks ?? []).map((check) => ({ inputs: known, label: label(name, known), check }));
}

async function answered(engine: ReturnType<typeof engineOf>, asked: Question[]): Promise<Diagnosis[]> {
    const { host, port = 22, user = "root" } = connectionOf(asked[0]!.inputs);
    const at = `${user}@${host}:${port}`;
    try {
        const findings: Finding[] = await engine.doctor(asked.map(({ check }) => check));
        return findings.map(({ ok, what, mend }, i) => ({ host: at, for: asked[i]!.label, ok, what, ...(mend && { mend }) }));
    } catch (error) {
        return [{ host: at, for: asked[0]!.label, ok: false, what: (error as Error).message }];
    }
}
