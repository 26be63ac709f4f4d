import type { MachineInput } from "@pulumi-netboot/schema";
import type * as pulumi from "@pulumi/pulumi";
import type { Boot } from "./boot";
import type { DhcpPool } from "./dhcpPool";
import type { Fields } from "./inputs";
import { NetbootResource, type OnMaster } from "./resource";

export interface MachineArgs extends OnMaster, Fields<Omit<MachineInput, "name" | "master" | "boot" | "pool">> {
    /** The pool whose subnet `address` is in. */
    pool?: DhcpPool;
    /** What it boots. Default: its own disk. */
    boot?: Boot;
}

/**
 * One machine: how it is recognised, its address and host name, and what it boots.
 *
 * @example
 * new netboot.Machine("desk-01", { master, mac: "52:54:00:00:00:01", boot: boot.kernel(rescue) });
 * @example
 * new netboot.Machine("desk-02", { master, mac: "52:54:00:00:00:02", pool: lan, address: "10.0.0.22", hostname: "desk-02", boot: boot.menu(seats) });
 */
export class Machine extends NetbootResource {
    /** What its next boot does, in one line; previews show its change. */
    declare readonly nextBoot: pulumi.Output<string>;

    constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
        super("Machine", name, args, ["nextBoot"], opts);
    }
}
