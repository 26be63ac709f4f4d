import type { Finding } from "../engine/index";
import type { Check } from "../engine/state";
import { resourceType } from "../resources/registry";
import { hasUnknown } from "../unknown";
import { engineOf } from "./host";
import { connectionOf, type Inputs, label, pureInput, secretsOf } from "./inputs";
import { hushed, secretTexts } from "./secret";

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
    /** Which question: "clock"; "reach" where the master could not be asked at all. */
    check: string;
    ok: boolean;
    /** It stands in nobody's way as far as can be told, and is worth a look. */
    hint?: true;
    what: string;
    mend?: string;
}

const PREFIX = "pulumi-nodejs:dynamic/netboot:";

/** Asks every master what an `up` would ask before its first write, and whether what is in service is well. Writes nothing. */
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
    const { checks = [], doctor = [] } = resourceType(name).desired(pureInput(known));
    return [...checks, ...doctor].map((check) => ({ inputs: known, label: label(name, known), check }));
}

async function answered(engine: ReturnType<typeof engineOf>, asked: Question[]): Promise<Diagnosis[]> {
    const { host, port = 22, user = "root" } = connectionOf(asked[0]!.inputs);
    const at = `${user}@${host}:${port}`;
    const who = new Map(asked.map((question) => [question.check, question]));
    const say = ({ inputs }: Question) => hushed(secretTexts(pureInput(inputs), secretsOf(inputs)));
    try {
        const findings: Finding[] = await engine.doctor([...who.keys()]);
        return findings.map(({ check, ok, hint, what, mend }) => {
            const question = who.get(check)!;
            const quiet = say(question);
            return { host: at, for: question.label, check: check.check, ok, ...(hint && { hint }), what: quiet(what), ...(mend && { mend: quiet(mend) }) };
        });
    } catch (error) {
        return [{ host: at, for: asked[0]!.label, check: "reach", ok: false, what: say(asked[0]!)((error as Error).message) }];
    }
}
