import { type MachineReport, reportsIn, reportsScript } from "../engine/reports";
import { transportFor } from "../ssh/ssh";
import type { Planned } from "./doctor";
import { connectionOf, type Inputs, hostOf } from "./inputs";

export interface MachineStatus extends MachineReport {
    /** `root@10.0.0.2:22` */
    host: string;
}

const TYPES = ["Machine", "Fleet"].map((name) => `pulumi-nodejs:dynamic/netboot:${name}`);

/** What every master knows of the machines that these resources declare and that may say what they do, or were ever ordered to do something. One connection and one trip a master; nothing is written. */
export async function machineStatus(resources: Planned[]): Promise<MachineStatus[]> {
    const all = resources.filter(({ type }) => TYPES.includes(type)).map(({ inputs }) => inputs as Inputs);
    const masters = Map.groupBy(all, hostOf);
    const answers = await Promise.all([...masters.values()].map((group) => asked(group)));
    return answers.flat();
}

async function asked(group: Inputs[]): Promise<MachineStatus[]> {
    const orders = Object.assign({}, ...group.map(({ orders }) => orders)) as NonNullable<Inputs["orders"]>;
    const names = new Set(group.flatMap(({ __ordered = {}, orders = {}, reports = {} }) => [__ordered, orders, reports].flatMap(Object.keys)));
    if (!names.size) return [];
    const machines = Object.fromEntries([...names].sort().map((name) => [name, orders[name]]));
    const connection = { ...connectionOf(group[0]!), dialErrorLimit: 0 };
    const transport = await transportFor(connection);
    const { stdout } = await transport.run(reportsScript(machines), { step: "status" });
    return reportsIn(stdout, machines).map((report) => ({ host: transport.host, ...report }));
}
