import type { MachineGroupInput } from "@pulumi-netboot/schema";
import type * as pulumi from "@pulumi/pulumi";
import type { Boot } from "./boot";
import { chosen } from "./choice";
import type { Fields } from "./inputs";
import { NetbootResource, type OnMaster } from "./resource";

export interface MachineGroupArgs extends OnMaster, Fields<Omit<MachineGroupInput, "name" | "master" | "boot">> {
    /** What these machines boot. A clone or the rescue system needs `match.macs`, and a clone `confirmErase: true`; no captures, no installations. Default: their own disk. */
    boot?: Boot;
}

/**
 * What machines without an assignment of their own boot, by a list of MAC addresses, a MAC prefix, or the addresses from which they ask.
 * A `Machine` or an entry of a `Fleet` is stronger than any group; of groups the narrowest decides: a list, then the longest prefix, then the fewest addresses.
 *
 * @example
 * new netboot.MachineGroup("virtual", { master, match: { macPrefix: "52:54:00" }, boot: boot.menu(seats) });
 * @example
 * new netboot.MachineGroup("bench", { master, match: { addresses: "10.0.0.64/27" }, boot: boot.kernel(rescue) });
 * @example
 * new netboot.MachineGroup("room", { master, match: { macs }, boot: boot.clone(classroom, { disk: "only", generation: 1 }), confirmErase: true });
 */
export class MachineGroup extends NetbootResource {
    /** What its machines' next boot does, in few lines; previews show its change. */
    declare readonly nextBoot: pulumi.Output<string>;

    constructor(name: string, args: MachineGroupArgs, opts?: pulumi.CustomResourceOptions) {
        super("MachineGroup", name, { ...args, ...chosen(args.boot) }, ["nextBoot"], opts);
    }
}
