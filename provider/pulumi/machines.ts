import { type Assignment, assignment } from "../boot/assignment";
import type { Boot } from "../boot/types";
import { type MachineReport, reportsIn, reportsScript } from "../engine/reports";
import { transportFor } from "../ssh/ssh";
import type { Planned } from "./doctor";
import { connectionOf, type Inputs, hostOf } from "./inputs";

export interface MachineStatus extends MachineReport, Pick<Assignment, "boots"> {
    /** `root@10.0.0.2:22` */
    host: string;
}

const TYPES = ["Machine", "Fleet", "MachineGroup"].map((name) => `pulumi-nodejs:dynamic/netboot:${name}`);

export interface SiteStatus {
    machines: MachineStatus[];
    /** Why a master could not be asked, for each that could not. */
    unasked: string[];
}

/** What every master knows of the machines that these resources declare, and of those that were ever ordered to do something. One connection and one trip a master; nothing is written. */
export async function machineStatus(resources: Planned[]): Promise<SiteStatus> {
    const all = resources.filter(({ type }) => TYPES.includes(type)).map(({ inputs }) => inputs as Inputs);
    const masters = Map.groupBy(all, hostOf);
    const answers = await Promise.allSettled([...masters.values()].map((group) => asked(group)));
    return {
        machines: answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : [])),
        unasked: answers.flatMap((answer) => (answer.status === "rejected" ? [(answer.reason as Error).message] : [])),
    };
}

async function asked(group: Inputs[]): Promise<MachineStatus[]> {
    const orders = Object.assign({}, ...group.map(({ orders }) => orders)) as NonNullable<Inputs["orders"]>;
    const names = new Set(group.flatMap(({ __ordered = {}, orders = {}, reports = {} }) => [__ordered, orders, reports].flatMap(Object.keys)));
    const machines = Object.fromEntries([...names].sort().map((name) => [name, orders[name]]));
    const assigned = new Map(group.flatMap(assignedBy));
    const connection = { ...connectionOf(group[0]!), dialErrorLimit: 0 };
    const transport = await transportFor(connection);
    const { stdout } = await transport.run(reportsScript(machines), { step: "status" });
    const reports = await reportsIn(stdout, machines);
    // The master is asked for no more than it can know of: who only boots has neither order nor report.
    const others = [...assigned.keys()].filter((name) => !names.has(name)).map((machine): MachineReport => ({ machine, generation: 0, order: "none" }));
    const inOrder = [...reports, ...others].sort((a, b) => (a.machine < b.machine ? -1 : 1));
    return inOrder.map((report) => ({ host: transport.host, boots: assigned.get(report.machine)?.boots ?? "-", ...report }));
}

/** A resource's machines, with what each is assigned: a Machine's own, a Fleet's, or those of a group that report for themselves. */
const assignedBy = ({ name, boot, machines, match, reports = {} }: Inputs): [string, Assignment][] =>
    match ? Object.keys(reports).map((member) => [member, assignment(boot as Boot)]) : machines ? Object.entries(machines as Record<string, { boot: Boot }>).map(([machine, { boot }]) => [machine, assignment(boot)]) : boot ? [[name, assignment(boot as Boot)]] : [];

/** The same rows as those of the page, as texts under the names of the columns. Where there is no room for all, those that need a look first. */
export async function statusRows(machines: MachineStatus[], room = Infinity): Promise<{ names: string[]; rows: string[][]; left: number }> {
    const { cells, COLUMNS, row, sorted } = await import("../page/rows.mjs");
    const all = machines.map(({ generation, ...one }) => row({ ...one, ...(generation && { generation }) }));
    const shown = all.length > room ? sorted(all, "stage", false).slice(0, room) : all;
    return { names: COLUMNS.map(({ name }) => name), rows: shown.map(cells), left: all.length - shown.length };
}
