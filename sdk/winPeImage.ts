import type { WinPeImageInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import type { TextFile } from "./cloudInit";
import type { Fields } from "./inputs";
import type { FileSource } from "./localFile";
import { NetbootResource, type OnMaster } from "./resource";
import { batchInput, driversInput, mediaInput, type MediaSource, wimbootInput } from "./winPeFiles";

export interface WinPeImageArgs extends OnMaster, Fields<Omit<WinPeImageInput, "name" | "master" | "wimboot" | "source" | "drivers" | "startScript">> {
    /** The loader: your own file, with the digest that it must have. */
    wimboot: pulumi.Input<FileSource>;
    /**
     * Where Boot/BCD, Boot/boot.sdi and sources/boot.wim are: a directory or an ISO image on the machine that runs Pulumi, or `{ master, sha256 }`, an ISO image on the
     * master. Upper and lower case are the same in it.
     */
    source: pulumi.Input<string | MediaSource>;
    /** Directories with drivers (.inf files and what belongs to them), which are loaded before the network is set up. */
    drivers?: pulumi.Input<pulumi.Input<string>[]>;
    /** A batch file, as text or `{ path }`, that is run once the network is up, in place of what the image would start. */
    startScript?: pulumi.Input<string | TextFile>;
}

/**
 * Windows PE, started by wimboot.
 *
 * @example
 * new netboot.WinPeImage("winpe", { master, wimboot: { path: "./wimboot", sha256: "9f2c…" }, source: "./media", drivers: ["./drivers/net"], startScript: { path: "./start.cmd" } });
 */
export class WinPeImage extends NetbootResource {
    /** @internal What a `boot` holds of it. */
    declare readonly __ref: pulumi.Output<unknown>;
    /** SHA-256 over all that the image is made of. */
    declare readonly digest: pulumi.Output<string>;
    /** Where its files are served. */
    declare readonly url: pulumi.Output<string>;

    constructor(name: string, { wimboot, source, drivers, startScript, ...args }: WinPeImageArgs, opts?: pulumi.CustomResourceOptions) {
        const read = {
            wimboot: pulumi.output(wimboot).apply(wimbootInput),
            source: pulumi.output(source).apply(mediaInput),
            ...(drivers && { drivers: pulumi.output(drivers).apply((all) => Promise.all(all.map(driversInput))) }),
            ...(startScript !== undefined && { startScript: pulumi.output(startScript).apply(batchInput) }),
        };
        super("WinPeImage", name, { ...args, ...read }, ["__ref", "digest", "url"], opts);
    }
}
