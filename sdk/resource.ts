import * as pulumi from "@pulumi/pulumi";
import { secretPaths } from "./inputs";

/**
 * What state stores as the provider's code: a constant, so that nothing of a program is serialised, old states run the
 * installed package, and an upgrade changes no resource.
 */
const shim = (type: string) => `exports.handler=()=>require("pulumi-netboot/provider").provider(${JSON.stringify(type)})`;

/** What all resources of a master have in common. */
export abstract class NetbootResource<Ref = unknown> extends pulumi.CustomResource {
    /** @internal What other resources take of this one when it is handed to them. */
    declare readonly __ref: pulumi.Output<Ref>;
    /** The files that this resource keeps on the master: text by path. Previews show their lines. */
    declare readonly files: pulumi.Output<Record<string, string>>;
    /** @internal */
    declare readonly __connection: pulumi.Output<unknown>;

    /** @internal */
    constructor(type: string, name: string, args: Record<string, unknown>, outputs: readonly string[], opts?: pulumi.CustomResourceOptions) {
        const token = `pulumi-nodejs:dynamic/netboot:${type}`;
        const declared = Object.fromEntries(["__ref", "files", "__connection", ...outputs].map((key) => [key, undefined]));
        const hidden = { __urn: pulumi.createUrn(name, token, opts?.parent), __secrets: secretPaths(args), __provider: shim(type) };
        super(token, name, { ...declared, name, ...args, ...hidden }, opts);
    }
}

/** A master as resources take it: where things are on it, and the way there. */
export interface Master {
    /** @internal */
    readonly __ref: pulumi.Output<unknown>;
    /** @internal */
    readonly __connection: pulumi.Output<unknown>;
}

/** What every resource but the master itself is given. */
export interface OnMaster {
    /** The master that this belongs to: a `MasterServer`, or one of another stack by `MasterServer.of`. */
    master: Master;
    /** Its name on the master: in paths, tags and messages. Default: the resource's name. */
    name?: pulumi.Input<string>;
}

/** The arguments with the master as plain data: where things are, and the way there. */
export const onMaster = <A extends OnMaster>({ master, ...rest }: A) => ({ ...rest, __master: master.__ref, __connection: master.__connection });

/** `ref` of a resource given as an argument. */
export const refOf = (resource: NetbootResource | undefined) => resource?.__ref;
