import type { DhcpPoolInput } from "@pulumi-netboot/schema";
import type * as pulumi from "@pulumi/pulumi";
import { type Handle, handle } from "./handle";
import type { Fields } from "./inputs";
import { NetbootResource, type OnMaster } from "./resource";

export interface DhcpPoolArgs extends OnMaster, Fields<Omit<DhcpPoolInput, "name" | "master">> {}

/**
 * DHCP for one subnet: addresses and boot loaders, or, beside an existing DHCP server, boot loaders alone.
 *
 * @example
 * new netboot.DhcpPool("lan", { master, subnet: "10.0.0.0/24", range: "10.0.0.50-10.0.0.199", router: "10.0.0.1" });
 * @example
 * new netboot.DhcpPool("lan", { master, subnet: "10.0.0.0/24", mode: "proxy" });
 */
export class DhcpPool extends NetbootResource {
    /** @internal */
    declare readonly __ref: pulumi.Output<unknown>;
    /** @internal */
    readonly __handle: Handle;

    constructor(name: string, args: DhcpPoolArgs, opts?: pulumi.CustomResourceOptions) {
        super("DhcpPool", name, args, ["__ref"], opts);
        this.__handle = handle(this.__ref);
    }
}
