import { parseAnswer } from "../engine/facts";
import { type Job, redacted, secretsOf, slowest, type Switched, switchedIn, switchScript, type Verb, wayOf } from "../engine/switching";
import { resourceType } from "../resources/registry";
import { transportFor } from "../ssh/ssh";
import type { Planned } from "./doctor";
import { connectionOf, hostOf, type Inputs, pureInput } from "./inputs";

export type PowerVerb = Exclude<Verb, "cycleIfIdle">;

export interface PowerResult extends Omit<Switched, "key"> {
    machine: string;
    /** How it is switched: `BMC 10.0.9.21`. */
    way: string;
    /** `root@10.0.0.2:22` */
    host: string;
}

export interface PowerOptions {
    /** Machines together, in place of what their master says. */
    atOnce?: number;
    onProgress?: (line: string) => void;
}

/** A machine whose power somebody declared. Its name is its own on its master only. */
export interface PoweredMachine extends Job {
    machine: string;
    host: string;
    inputs: Inputs;
}

const PREFIX = "pulumi-nodejs:dynamic/netboot:";

/** The machines among these resources that can be switched, in the order of their names. */
export function poweredMachines(resources: Planned[]): PoweredMachine[] {
    const all = resources.filter(({ type }) => ["Machine", "Fleet"].some((name) => type === PREFIX + name)).flatMap(({ type, inputs }) => {
        const { switches = {} } = resourceType(type.slice(PREFIX.length)).desired(pureInput(inputs as Inputs));
        return Object.entries(switches).map(([key, way]): PoweredMachine => ({ machine: way.machine, host: hostOf(inputs as Inputs)!, key, verb: "status", way, inputs: inputs as Inputs }));
    });
    return all.sort((a, b) => (a.machine < b.machine ? -1 : 1));
}

/** Switches machines, or asks; each master does its own, all masters at the same time. A master that cannot be reached is said of each of its machines. */
export async function switchMachines(machines: readonly PoweredMachine[], verb: PowerVerb, options: PowerOptions = {}): Promise<PowerResult[]> {
    const masters = Map.groupBy(machines, ({ host }) => host);
    const results = await Promise.all([...masters.values()].map((group) => switched(group.map((machine) => ({ ...machine, verb })), options)));
    return results.flat().sort((a, b) => (a.machine < b.machine ? -1 : 1));
}

async function switched(jobs: PoweredMachine[], { atOnce, onProgress }: PowerOptions): Promise<PowerResult[]> {
    const connection = { ...connectionOf(jobs[0]!.inputs), dialErrorLimit: 0 };
    const { host, port = 22, user = "root" } = connection;
    const said = ({ outcome, words }: Omit<Switched, "key">, { way }: Job): PowerResult => ({ machine: way.machine, way: wayOf(way), host: `${user}@${host}:${port}`, outcome, words });
    const secrets = jobs.flatMap(({ way }) => secretsOf(way));
    try {
        const transport = await transportFor(connection);
        const pace = slowest(jobs);
        const { stdout } = await transport.run(switchScript(jobs, { ...pace, ...(atOnce && { atOnce }) }), { step: "power", ...(onProgress && { onProgress: (line) => onProgress(redacted(line, secrets)) }) });
        return switchedIn(parseAnswer(stdout), jobs).map((result, i) => said(result, jobs[i]!));
    } catch (error) {
        return jobs.map((job) => said({ outcome: "failed", words: (error as Error).message }, job));
    }
}
