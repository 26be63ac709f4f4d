import type * as pulumi from "@pulumi/pulumi";
import { chosen } from "./choice";
import type { DhcpPool } from "./dhcpPool";
import type { CloudInit } from "./cloudInit";
import { type MachineArgs, machineInput } from "./machine";
import { NetbootResource, type OnMaster } from "./resource";

export interface FleetArgs extends OnMaster {
    /** The machines by name; each takes the arguments of a `Machine` but for its master and its pool. */
    machines: Record<string, FleetMachine>;
    /** The seed of each machine that boots a kernel or a disk of the master and has none of its own. */
    cloudInit?: CloudInit;
    /** The pool whose subnet the machines' addresses are in. */
    pool?: DhcpPool;
}

export interface FleetMachine extends Omit<MachineArgs, "master" | "name" | "pool"> {
    /** Variables of this machine for its seed, beside and in place of those of `cloudInit.config`. */
    config?: CloudInit["config"];
}

/**
 * Many machines in one resource, from data: thousands cost little more than one.
 *
 * @example
 * new netboot.Fleet("farm", { master, machines: { "node-01": { mac: "52:54:00:00:01:01", boot: boot.kernel(worker) } } });
 */
export class Fleet extends NetbootResource {
    /** What each machine's next boot does, by name; previews show its change. */
    declare readonly nextBoots: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: FleetArgs, opts?: pulumi.CustomResourceOptions) {
        const machines = Object.fromEntries(Object.entries(args.machines).map(([key, machine]) => [key, machineInput(machine)]));
        const choices = Object.entries(args.machines).flatMap(([key, { boot }]) => Object.values(chosen(boot)).map((all) => [key, all]));
        super("Fleet", name, { ...machineInput(args), machines, ...(choices.length && { __choices: Object.fromEntries(choices) }) }, ["nextBoots"], opts);
    }
}
