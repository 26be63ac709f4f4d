import type { BootMenuInput } from "@pulumi-netboot/schema";
import type * as pulumi from "@pulumi/pulumi";
import type { Boot } from "./boot";
import type { Fields } from "./inputs";
import { NetbootResource, type OnMaster } from "./resource";

type Entry = BootMenuInput["entries"][number];
export type BootMenuEntry = Fields<Omit<Entry, "boot">> & {
    /** What choosing it boots. */
    boot: Boot;
};

export interface BootMenuArgs extends OnMaster, Fields<Omit<BootMenuInput, "name" | "master" | "entries">> {
    /** The entries, in the order in which they are shown. */
    entries: BootMenuEntry[];
}

/**
 * An iPXE menu.
 *
 * @example
 * new netboot.BootMenu("seats", { master, entries: [{ name: "disk", label: "Own disk", key: "d", boot: boot.local() }], default: "disk", timeout: 10 });
 */
export class BootMenu extends NetbootResource {
    /** @internal What a `boot` holds of it. */
    declare readonly __ref: pulumi.Output<unknown>;

    constructor(name: string, args: BootMenuArgs, opts?: pulumi.CustomResourceOptions) {
        super("BootMenu", name, args, ["__ref"], opts);
    }
}
