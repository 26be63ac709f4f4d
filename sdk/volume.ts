import type { VolumeInput } from "@pulumi-netboot/schema";
import type * as pulumi from "@pulumi/pulumi";
import { DiskImage } from "./diskImage";
import type { Fields } from "./inputs";
import { NetbootResource, type OnMaster } from "./resource";

export interface VolumeArgs extends OnMaster, Fields<Omit<VolumeInput, "name" | "master" | "from">> {
    /**
     * What is on it at first: a disk image; another volume, of which it is a copy; or what a machine, named here, has made of its own copy of this volume, and which must be off
     * when this volume is made of it. Default: nothing but zeros.
     */
    from?: DiskImage | Volume | { machine: pulumi.Input<string> };
}

/**
 * A disk that the master keeps.
 *
 * @example
 * new netboot.Volume("golden", { master, from: new netboot.DiskImage("debian", { master, source: "./debian.img.zst" }) });
 * @example
 * new netboot.Volume("scratch", { master, size: "20GiB" });
 * @example
 * new netboot.Volume("exam", { master, from: golden, at: 2 });
 * @example
 * new netboot.Volume("golden", { master, from: { machine: "teacher" }, generation: 2, history: 1 });
 */
export class Volume extends NetbootResource {
    /** @internal What a `boot` holds of it. */
    declare readonly __ref: pulumi.Output<unknown>;
    /** Where it is on the master. */
    declare readonly path: pulumi.Output<string>;

    constructor(name: string, { from, ...args }: VolumeArgs, opts?: pulumi.CustomResourceOptions) {
        const source = from && (from instanceof DiskImage ? { image: from.__ref } : from instanceof Volume ? { volume: from.__ref } : from);
        super("Volume", name, { ...args, ...(source && { from: source }) }, ["__ref", "path"], opts);
    }
}
