import type { MachineInput } from "@pulumi-netboot/schema";
import type * as pulumi from "@pulumi/pulumi";
import type { Boot } from "./boot";
import { chosen } from "./choice";
import { type CloudInit, cloudInitInput } from "./cloudInit";
import type { DhcpPool } from "./dhcpPool";
import type { Fields } from "./inputs";
import { guardedPower } from "./power";
import { NetbootResource, type OnMaster } from "./resource";

export interface MachineArgs extends OnMaster, Fields<Omit<MachineInput, "name" | "master" | "boot" | "pool" | "cloudInit">> {
    /** The pool whose subnet `address` is in. */
    pool?: DhcpPool;
    /** What it boots. Default: its own disk. */
    boot?: Boot;
    /** What cloud-init in the booted system is given. For machines that boot a kernel or a disk of the master. */
    cloudInit?: CloudInit;
}

/** The arguments of a machine with the texts of its seed, and with what is secret marked. */
export const machineInput = <T extends { cloudInit?: CloudInit; power?: unknown }>(args: T) => guardedPower(args.cloudInit ? { ...args, cloudInit: cloudInitInput(args.cloudInit) } : args);

/**
 * One machine: how it is recognised, its address and host name, and what it boots.
 *
 * @example
 * new netboot.Machine("desk-01", { master, mac: "52:54:00:00:00:01", boot: boot.kernel(rescue) });
 * @example
 * new netboot.Machine("desk-02", { master, mac: "52:54:00:00:00:02", pool: lan, address: "10.0.0.22", hostname: "desk-02", boot: boot.menu(seats) });
 * @example
 * new netboot.Machine("db-01", { master, mac: "52:54:00:00:00:03", boot: boot.kernel(debian), cloudInit: { userData: { path: "./db.yaml" }, config: { ROLE: "primary" } } });
 * @example
 * new netboot.Machine("node-01", { master, mac: "52:54:00:00:00:04", boot: boot.kernel(worker), power: { driver: "ipmi", host: "10.0.9.21", user: "netboot", password, onChange: "cycle" } });
 */
export class Machine extends NetbootResource {
    /** What its next boot does, in one line; previews show its change. */
    declare readonly nextBoot: pulumi.Output<string>;

    constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
        super("Machine", name, { ...machineInput(args), ...chosen(args.boot) }, ["nextBoot"], opts);
    }
}
