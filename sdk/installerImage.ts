import type { InstallerImageInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import { partInput, type TextFile } from "./cloudInit";
import { programInput } from "./executable";
import type { Fields } from "./inputs";
import { fileInput, type FileSource } from "./localFile";
import { NetbootResource, type OnMaster } from "./resource";

export interface InstallerImageArgs extends OnMaster, Fields<Omit<InstallerImageInput, "name" | "master" | "kernel" | "initrds" | "template">> {
    /** The installer's kernel: a path on the machine that runs Pulumi, or `{ path, sha256 }` where the content must have that digest. */
    kernel?: pulumi.Input<string | FileSource>;
    /** Its initial RAM disks, likewise, in the order in which the kernel unpacks them. */
    initrds?: pulumi.Input<pulumi.Input<string | FileSource>[]>;
    /** What each machine is served, rendered with its own values: text, or `{ path }`. */
    template?: pulumi.Input<string | TextFile>;
}

/**
 * An installer that needs nobody: its kernel, its initial RAM disks, and the template of its answer file.
 *
 * @example
 * new netboot.InstallerImage("bookworm", { master, family: "debian", package: { name: "debian-installer-12-netboot-amd64" }, template: { path: "./preseed.cfg" } });
 * @example
 * new netboot.InstallerImage("fedora", { master, family: "redhat", kernel: "./vmlinuz", initrds: ["./initrd.img"], cmdline: "inst.repo=http://10.0.0.2/fedora/", template: { path: "./ks.cfg" } });
 */
export class InstallerImage extends NetbootResource {
    /** @internal What a `boot` holds of it. */
    declare readonly __ref: pulumi.Output<unknown>;
    /** SHA-256 over the installer's files, or of how they come out of their package. */
    declare readonly digest: pulumi.Output<string>;

    constructor(name: string, args: InstallerImageArgs, opts?: pulumi.CustomResourceOptions) {
        const kernel = args.kernel && pulumi.output(args.kernel).apply(programInput);
        const initrds = args.initrds && pulumi.output(args.initrds).apply((all) => Promise.all(all.map(fileInput)));
        const template = args.template && pulumi.output(args.template).apply(partInput);
        super("InstallerImage", name, { ...args, ...(kernel && { kernel }), ...(initrds && { initrds }), ...(template && { template }) }, ["__ref", "digest"], opts);
    }
}
