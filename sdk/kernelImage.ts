import type { KernelImageInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import type { Fields } from "./inputs";
import { programInput } from "./executable";
import { fileInput, type FileSource } from "./localFile";
import { NetbootResource, type OnMaster } from "./resource";

export interface KernelImageArgs extends OnMaster, Fields<Omit<KernelImageInput, "name" | "master" | "kernel" | "initrds">> {
    /** The kernel: a path on the machine that runs Pulumi, or `{ path, sha256 }` where the content must have that digest. */
    kernel: pulumi.Input<string | FileSource>;
    /** Initial RAM disks, likewise, in the order in which the kernel unpacks them. */
    initrds?: pulumi.Input<pulumi.Input<string | FileSource>[]>;
}

/**
 * A kernel with its initial RAM disks and its command line, served over HTTP.
 *
 * @example
 * new netboot.KernelImage("rescue", { master, kernel: "./vmlinuz", initrds: ["./initrd.img"], cmdline: "quiet" });
 */
export class KernelImage extends NetbootResource {
    /** @internal What a `boot` holds of it. */
    declare readonly __ref: pulumi.Output<unknown>;
    /** SHA-256 over the image's files. */
    declare readonly digest: pulumi.Output<string>;
    /** Where the kernel is served. */
    declare readonly url: pulumi.Output<string>;

    constructor(name: string, args: KernelImageArgs, opts?: pulumi.CustomResourceOptions) {
        const kernel = pulumi.output(args.kernel).apply(programInput);
        const initrds = args.initrds && pulumi.output(args.initrds).apply((all) => Promise.all(all.map(fileInput)));
        super("KernelImage", name, { ...args, kernel, ...(initrds && { initrds }) }, ["__ref", "digest", "url"], opts);
    }
}
