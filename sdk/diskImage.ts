import type { DiskImageInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import type { Fields } from "./inputs";
import { imageInput } from "./imageFile";
import type { FileSource } from "./localFile";
import { NetbootResource, type OnMaster } from "./resource";

/** Where a disk image is, when it is not a path on the machine that runs Pulumi. */
export type ImageSource =
    | FileSource
    /** The master fetches it. */
    | { url: string; sha256?: string }
    /** A file that is on the master already, by its absolute path. */
    | { master: string; sha256?: string };

export interface DiskImageArgs extends OnMaster, Fields<Omit<DiskImageInput, "name" | "master" | "source">> {
    /**
     * The image of a whole disk, raw or packed with gzip, zstd or xz: a path on the machine that runs Pulumi, `{ url }` that the master fetches, or
     * `{ master }`, a file on the master. The last two need a digest, here or as `sha256`.
     */
    source: pulumi.Input<string | ImageSource>;
}

/**
 * The image of a whole disk, taken in by the master for machines to be cloned from.
 *
 * @example
 * new netboot.DiskImage("classroom", { master, source: "./classroom.img.zst", sha256: "9f2c…" });
 */
export class DiskImage extends NetbootResource {
    /** @internal What a `boot` holds of it. */
    declare readonly __ref: pulumi.Output<unknown>;
    /** @internal What a volume of it is called. */
    readonly __volume: string;
    /** SHA-256 of the source file: what the image is known by on the master. */
    declare readonly digest: pulumi.Output<string>;
    /** Bytes of the disk, and so of the smallest that it fits on: where the source file says it, or the program. */
    declare readonly size: pulumi.Output<number | undefined>;
    /** Where the image's index is served. */
    declare readonly url: pulumi.Output<string>;

    constructor(name: string, args: DiskImageArgs, opts?: pulumi.CustomResourceOptions) {
        const source = pulumi.output(args.source).apply((given) => imageInput(given));
        super("DiskImage", name, { ...args, source }, ["__ref", "digest", "size", "url"], opts);
        this.__volume = name;
    }
}
