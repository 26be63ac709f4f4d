import type { VolumeInput } from "@pulumi-netboot/schema";
import type * as pulumi from "@pulumi/pulumi";
import { DiskImage } from "./diskImage";
import type { Fields } from "./inputs";
import { NetbootResource, type OnMaster } from "./resource";

export interface VolumeArgs extends OnMaster, Fields<Omit<VolumeInput, "name" | "master" | "from">> {
    /** What is on it at first: a disk image, or another volume, of which it is a copy. Default: nothing but zeros. */
    from?: DiskImage | Volume;
}

/**
 * A disk that the master keeps.
 *
 * @example
 * new netboot.Volume("golden", { master, from: new netboot.DiskImage("debian", { master, source: "./debian.img.zst" }) });
 * @example
 * new netboot.Volume("scratch", { master, size: "20GiB" });
 */
export class Volume extends NetbootResource {
    /** @internal What a `boot` holds of it. */
    declare readonly __ref: pulumi.Output<unknown>;
    /** Where it is on the master. */
    declare readonly path: pulumi.Output<string>;

    constructor(name: string, { from, ...args }: VolumeArgs, opts?: pulumi.CustomResourceOptions) {
        const source = from && (from instanceof DiskImage ? { image: from.__ref } : { volume: from.__ref });
        super("Volume", name, { ...args, ...(source && { from: source }) }, ["__ref", "path"], opts);
    }
}
