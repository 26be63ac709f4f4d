import * as pulumi from "@pulumi/pulumi";
import type { Handle } from "./handle";
import { secretPaths } from "./inputs";

/**
 * What state stores as the provider's code: a constant, so that nothing of a program is serialised, old states run the
 * installed package, and an upgrade changes no resource.
 */
const shim = (type: string) => `exports.handler=()=>require("pulumi-netboot/provider").provider(${JSON.stringify(type)})`;

interface Given {
    master?: Master;
    pool?: { readonly __handle: Handle };
    [argument: string]: any;
}

/** What all resources of a master have in common. Pulumi makes four promises and stack traces for each input and output of each: there are as few as can be. */
export abstract class NetbootResource extends pulumi.CustomResource {
    /** The files that this resource keeps on the master, by path: the text, or the text and its mode. Not there where it keeps none. Previews show their lines. */
    declare readonly files: pulumi.Output<Record<string, string | { text: string; mode: string }> | undefined>;

    /** @internal */
    constructor(type: string, name: string, { master, pool, ...args }: Given, outputs: readonly string[], opts?: pulumi.CustomResourceOptions) {
        const token = `pulumi-nodejs:dynamic/netboot:${type}`;
        const declared = Object.fromEntries(["files", ...outputs].map((key) => [key, undefined]));
        const secrets = secretPaths(args);
        const hidden = { __urn: urn(token, name, opts), ...(master && { __master: master.__handle }), ...(pool && { __pool: pool.__handle }), ...(secrets && { __secrets: secrets }), __provider: shim(type) };
        super(token, name, { ...declared, ...args, ...hidden }, opts);
    }
}

const urn = (token: string, name: string, opts?: pulumi.CustomResourceOptions): pulumi.Input<string> =>
    opts?.parent ? pulumi.createUrn(name, token, opts.parent) : `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${token}::${name}`;

/** A master as resources take it: where things are on it, and the way there. */
export interface Master {
    /** @internal */
    readonly __handle: Handle;
}

/** What every resource but the master itself is given. */
export interface OnMaster {
    /** The master that this belongs to: a `MasterServer`, or one of another stack by `MasterServer.of`. */
    master: Master;
    /** Its name on the master: in paths, tags and messages. Default: the resource's name. */
    name?: pulumi.Input<string>;
}
