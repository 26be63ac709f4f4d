import type { DiscoveredMachine, DiscoveringMaster, Planned } from "@pulumi-netboot/provider";
import type { Options } from "./main";
import { Misused } from "./misused";
import { deployed } from "./stack";
import { columns } from "./table";

export const DISCOVERED = `netboot discovered [--all] [--names PATTERN [--csv]] [--stack NAME] [--json]
netboot discovered forget MAC… | --declared | --all [--stack NAME] [--json]

  Shows the machines that nobody declares and that have said what hardware they have, on masters with unknownMachines: "register" (docs/discovery.md).
  Nothing is assigned: with --names it prints the lines to paste into the program, or with --csv rows (name,mac) of a data file. In the pattern {n} is a number that no
  machine of the stack has ({nn}: 01, {nnn}: 001), {mac} the MAC address, {serial} the serial number; machines are numbered as they came.
  --all shows also those that are declared by now. Writes nothing, and runs no program.
  forget throws away what machines have said, and makes room for others; who is still unknown may say it once more. --declared: those that are declared by now.
  Exits with 1 where a master cannot be asked or a machine gets no name, and with 2 where there is nothing of that MAC address.

    netboot discovered
    netboot discovered --names 'pc-{nn}'
    netboot discovered --names 'node-{nnn}' --csv >>machines.csv
    netboot discovered forget --declared
`;

export async function discovered({ stack, json, all, names: pattern, csv, declared }: Options, [verb, ...macs]: string[]): Promise<number> {
    if (verb !== undefined && verb !== "forget") throw new Misused(`discovered knows no ${JSON.stringify(verb)}, but forget.`);
    const forgets = verb === "forget";
    if (forgets && [macs.length > 0, all, declared].filter(Boolean).length !== 1) throw new Misused("discovered forget needs to know which: MAC addresses, --declared or --all, and one of the three.");
    if (forgets && pattern !== undefined) throw new Misused("discovered forget takes no --names.");
    if (!forgets && declared) throw new Misused("--declared is for discovered forget; --all shows them.");
    if (csv && (pattern === undefined || json)) throw new Misused("--csv needs --names, and takes no --json.");
    const { discoveredMachines, patternFault } = await import("@pulumi-netboot/provider");
    const fault = pattern === undefined ? undefined : patternFault(pattern);
    if (fault) throw new Misused(`--names ${JSON.stringify(pattern)} ${fault}.`);
    const resources = await deployed(stack);
    const { masters, unasked } = await discoveredMachines(resources);
    for (const why of unasked) process.stderr.write(`netboot: ${why}\n`);
    const worst = unasked.length ? 1 : 0;
    if (unasked.length && !masters.length) return worst;
    if (forgets) return Math.max(worst, await forget(masters, { macs, all, json, partial: unasked.length > 0 }));
    const machines = masters.flatMap(({ machines }) => machines).filter((machine) => all || !machine.declared);
    return Math.max(worst, pattern === undefined ? await list(masters, machines, json) : await lines(resources, machines.filter((machine) => !machine.declared), pattern, { json, csv }));
}

async function list(masters: DiscoveringMaster[], machines: DiscoveredMachine[], json?: boolean): Promise<number> {
    if (json) return print(machines);
    const { discoveredRows } = await import("@pulumi-netboot/provider");
    const { names, rows } = await discoveredRows(machines);
    process.stdout.write(machines.length ? columns(names.map((name) => name.toUpperCase()), rows) : "No unknown machine has registered.\n");
    for (const { host, idle, free, machines: known } of masters) {
        const left = known.filter(({ declared }) => declared).length;
        if (idle) process.stderr.write(`${host}: ${idle}.\n`);
        else if (!free) process.stderr.write(`${host}: no further machine can register: ${known.length} have (registerLimit).${left ? ` netboot discovered forget --declared makes room for ${left}.` : ""}\n`);
        else if (left) process.stderr.write(`${host}: ${left} more ${left === 1 ? "is" : "are"} declared by now (--all shows them).\n`);
    }
    return 0;
}

/** What to paste goes to stdout, and what cannot be pasted to stderr. */
async function lines(resources: Planned[], machines: DiscoveredMachine[], pattern: string, { json, csv }: Pick<Options, "json" | "csv">): Promise<number> {
    const { machineNames, named, namedRows, typescript } = await import("@pulumi-netboot/provider");
    const { named: given, unnamed } = named(machines, pattern, machineNames(resources));
    const bare = csv ? given.filter(({ by }) => !("mac" in by)) : [];
    const names = new Map(given.map(({ mac, name, by }) => [mac, { name, by }]));
    if (json) print(machines.map((machine) => ({ ...machine, ...names.get(machine.mac) })));
    else process.stdout.write(csv ? namedRows(given) : typescript(given));
    for (const { mac, why } of unnamed) process.stderr.write(`${mac} is left out: ${why}.\n`);
    for (const { mac } of bare) process.stderr.write(`${mac} is left out: other machines may have that MAC address, and a row has nothing else; --names without --csv has a line for it.\n`);
    return unnamed.length + bare.length ? 1 : 0;
}

async function forget(masters: DiscoveringMaster[], { macs, all, json, partial }: { macs: string[]; partial: boolean } & Pick<Options, "all" | "json">): Promise<number> {
    const { forgetDiscovered } = await import("@pulumi-netboot/provider");
    const wanted = macs.map((mac) => mac.toLowerCase().replaceAll("-", ":"));
    const there = new Set(masters.flatMap(({ machines }) => machines.map(({ mac }) => mac)));
    const missing = wanted.filter((mac) => !there.has(mac));
    const words = missing.map((mac) => JSON.stringify(mac)).join(", ");
    if (missing.length && !partial) throw new Misused(`No unknown machine with ${words} has registered.`);
    if (missing.length) process.stderr.write(`The masters that could be asked know no unknown machine with ${words}.\n`);
    const chosen = (machine: DiscoveredMachine) => all || (macs.length ? wanted.includes(machine.mac) : machine.declared !== undefined);
    const gone = await Promise.all(masters.map(async (master) => {
        const machines = master.machines.filter(chosen);
        return machines.length ? forgetDiscovered(master, machines) : [];
    }));
    if (json) return print(gone.flat());
    process.stdout.write(gone.flat().map((mac) => `forgotten: ${mac}\n`).join("") || "There is nothing to forget.\n");
    return 0;
}

function print(value: unknown): number {
    process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    return 0;
}
