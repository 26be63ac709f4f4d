import type { MasterServerInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import { type Connection, guarded } from "./connection";
import { type Handle, handle } from "./handle";
import type { Fields, Inputs } from "./inputs";
import { grubInput, programInput } from "./executable";
import { fileInput, type FileSource } from "./localFile";
import { type Master, NetbootResource } from "./resource";

type Firmware = keyof NonNullable<MasterServerInput["loaders"]>;

export interface MasterServerArgs extends Fields<Omit<MasterServerInput, "name" | "host" | "loaders" | "secureBoot">> {
    /** How Pulumi reaches the master. */
    connection: Inputs<Connection>;
    /** The iPXE that each kind of firmware is given: the name of a file in the distribution's iPXE package, or `{ path, sha256? }` of your own. */
    loaders?: { [F in Firmware]?: pulumi.Input<string | FileSource> };
    /** Signed loaders for machines that say `secureBoot: true`: paths, or `{ path, sha256 }` where the content must have that digest. */
    secureBoot?: { shim: pulumi.Input<string | FileSource>; grub: pulumi.Input<string | FileSource> };
    /** Its name in messages. Default: the resource's name. */
    name?: pulumi.Input<string>;
}

/**
 * A Debian machine that machines boot from: DHCP and TFTP by dnsmasq, HTTP by nginx, boot loaders of the iPXE package, each
 * as a unit of its own beside what the host already runs.
 *
 * @example
 * new netboot.MasterServer("lab", { connection: { host: "10.0.0.2", hostKey: "ssh-ed25519 AAAA…" }, address: "10.0.0.2" });
 */
export class MasterServer extends NetbootResource {
    /** @internal */
    declare readonly __ref: pulumi.Output<unknown>;
    /** @internal */
    readonly __handle: Handle;

    /** What another stack needs to add machines and pools of its own to this master: export it, and give it to `MasterServer.of` there. Holds no credential. */
    get site(): pulumi.Output<unknown> {
        return this.__ref;
    }

    /**
     * A master that another stack declares. What this stack adds is its own: neither stack touches the other's.
     *
     * @example
     * const master = netboot.MasterServer.of(new pulumi.StackReference("org/site/prod").requireOutput("site"), { host: "10.0.0.2", hostKey: "ssh-ed25519 AAAA…" });
     */
    static of(site: pulumi.Input<unknown>, connection: Inputs<Connection>): Master {
        return { __handle: handle(pulumi.output(site), guarded(connection)) };
    }

    constructor(name: string, args: MasterServerArgs, opts?: pulumi.CustomResourceOptions) {
        const { connection, loaders, secureBoot, ...rest } = args;
        const plain = guarded(connection);
        const host = pulumi.unsecret(plain.apply((it) => it.host));
        const own = loaders && { loaders: Object.fromEntries(Object.entries(loaders).map(([firmware, loader]) => [firmware, loaderInput(loader)])) };
        const signed = secureBoot && { secureBoot: { shim: pulumi.output(secureBoot.shim).apply(programInput), grub: pulumi.output(secureBoot.grub).apply(grubInput) } };
        super("MasterServer", name, { ...rest, ...own, ...signed, host, __connection: plain }, ["__ref"], opts);
        this.__handle = handle(this.__ref, plain);
    }
}

const loaderInput = (loader: pulumi.Input<string | FileSource>) => pulumi.output(loader).apply((it) => (typeof it === "string" ? it : fileInput(it)));
