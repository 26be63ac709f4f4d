import { type Asked, type Discovered, discoveredIn, discoveredScript, forgetScript, forgottenIn } from "../engine/discovered";
import { canonicalMac } from "../identity";
import { type Hardware, understood, words } from "../discovery/hardware";
import { transportFor } from "../ssh/ssh";
import type { Planned } from "./doctor";
import { connectionOf, hostOf, type Inputs } from "./inputs";

/** A machine that asked whether it may register. */
export interface DiscoveredMachine extends Omit<Asked, "text"> {
    /** `root@10.0.0.2:22` */
    host: string;
    /** The machine of this stack that it is by now, by what it says. */
    declared?: string;
    /** Nothing: it has not said it. */
    hardware?: Hardware;
    /** It has said something else. */
    unreadable?: true;
}

export interface DiscoveringMaster extends Pick<Discovered, "free"> {
    host: string;
    /** Why no machine can come, where the stack declares the master. */
    idle?: string;
    machines: DiscoveredMachine[];
    inputs: Inputs;
}

const PREFIX = "pulumi-nodejs:dynamic/netboot:";

export interface DiscoveringSite {
    masters: DiscoveringMaster[];
    /** Why a master could not be asked, for each that could not. */
    unasked: string[];
}

/** What every master of these resources knows of machines that nobody declares. One connection and one trip a master; nothing is written. */
export async function discoveredMachines(resources: Planned[]): Promise<DiscoveringSite> {
    const ours = resources.filter(({ type }) => type.startsWith(PREFIX));
    const groups = Map.groupBy(ours, ({ inputs }) => hostOf(inputs as Inputs));
    const answers = await Promise.allSettled([...groups.values()].map(asked));
    return {
        masters: answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])),
        unasked: answers.flatMap((answer) => (answer.status === "rejected" ? [(answer.reason as Error).message] : [])),
    };
}

/** Gives back the places of these machines of a master; answers with the MAC addresses of those that had one. */
export async function forgetDiscovered({ inputs }: DiscoveringMaster, machines: readonly DiscoveredMachine[]): Promise<string[]> {
    const transport = await transportFor({ ...connectionOf(inputs), dialErrorLimit: 0 });
    const { stdout } = await transport.run(forgetScript(machines.map(({ mac }) => mac)), { step: "forget" });
    return forgottenIn(stdout);
}

async function asked(group: Planned[]): Promise<DiscoveringMaster> {
    const inputs = group[0]!.inputs as Inputs;
    const { host, port = 22, user = "root" } = connectionOf(inputs);
    const at = `${user}@${host}:${port}`;
    const transport = await transportFor({ ...connectionOf(inputs), dialErrorLimit: 0 });
    const { stdout } = await transport.run(discoveredScript(), { step: "discovered" });
    const { machines, free } = discoveredIn(stdout);
    const known = declared(group);
    const idle = group.filter(({ type }) => type === `${PREFIX}MasterServer`).map(({ inputs }) => idleness(inputs))[0];
    return { host: at, free, ...(idle && { idle }), machines: machines.map((machine) => ({ host: at, ...seen(machine, known) })), inputs };
}

function seen({ text, ...asked }: Asked, known: ReadonlyMap<string, string>): Omit<DiscoveredMachine, "host"> {
    const hardware = text === undefined ? undefined : understood(text, asked.mac);
    const name = [asked.mac, hardware?.uuid?.toLowerCase(), hardware?.serial].map((id) => (id === undefined ? undefined : known.get(id))).find(Boolean);
    return { ...asked, ...(name && { declared: name }), ...(hardware ? { hardware } : text !== undefined && { unreadable: true as const }) };
}

/** Names of machines by all that they are known by. */
function declared(group: Planned[]): Map<string, string> {
    const machines = group.flatMap(({ type, inputs }): [string, Inputs][] =>
        type === `${PREFIX}Machine` ? [[String(inputs.name), inputs as Inputs]] : type === `${PREFIX}Fleet` ? Object.entries(inputs.machines as Record<string, Inputs>) : []);
    const ids = ({ mac, uuid, serial }: Inputs) => [mac && canonicalMac(String(mac)), uuid && String(uuid).toLowerCase(), serial].filter(Boolean) as string[];
    return new Map(machines.flatMap(([name, machine]) => ids(machine).map((id): [string, string] => [id, name])));
}

function idleness({ unknownMachines, imaging }: Planned["inputs"]): string | undefined {
    if (unknownMachines !== "register") return `unknownMachines is ${JSON.stringify(unknownMachines)}: with "register" unknown machines say what hardware they have`;
    return imaging ? undefined : "it has no imaging system, so that unknown machines only leave a line in /var/log/netboot/unknown.log: give it imaging: {}";
}

/** Names of all machines that the stack has. */
export const machineNames = (resources: Planned[]): Set<string> =>
    new Set(resources.flatMap(({ type, inputs }) => (type === `${PREFIX}Machine` ? [String(inputs.name)] : type === `${PREFIX}Fleet` ? Object.keys(inputs.machines as object) : [])));

/** As texts under the names of columns. */
export async function discoveredRows(machines: readonly DiscoveredMachine[]): Promise<{ names: string[]; rows: string[][] }> {
    const { span } = await import("../page/rows.mjs");
    const one = ({ mac, age, hardware, unreadable, declared }: DiscoveredMachine) => {
        const heard = `${span(age)} ago`;
        const note = declared ? `declared: ${declared}` : unreadable ? "what it said cannot be read" : hardware ? "" : "asked, and said nothing so far";
        return hardware ? [mac, words.model(hardware), hardware.serial ?? "-", words.cpu(hardware), words.memory(hardware), words.disks(hardware), words.firmware(hardware), heard, note] : [mac, "-", "-", "-", "-", "-", "-", heard, note];
    };
    return { names: ["MAC", "Model", "Serial", "CPU", "Memory", "Disks", "Firmware", "Heard", "Note"], rows: machines.map(one) };
}
