import type * as pulumi from "@pulumi/pulumi";
import type { DhcpPool } from "./dhcpPool";
import type { MachineArgs } from "./machine";
import { NetbootResource, type OnMaster } from "./resource";

export interface FleetArgs extends OnMaster {
    /** The machines by name; each takes the arguments of a `Machine` but for its master and its pool. */
    machines: Record<string, Omit<MachineArgs, "master" | "name" | "pool">>;
    /** The pool whose subnet the machines' addresses are in. */
    pool?: DhcpPool;
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
        super("Fleet", name, args, ["nextBoots"], opts);
    }
}
