import type { BootMenuInput } from "@pulumi-netboot/schema";
import * as pulumi from "@pulumi/pulumi";
import type { Boot } from "./boot";
import { chosen } from "./choice";
import type { Fields } from "./inputs";
import { NetbootResource, type OnMaster } from "./resource";
import { entryFor } from "./roles";

type Entry = BootMenuInput["entries"][number];
export type BootMenuEntry = Fields<Omit<Entry, "boot">> & {
    /** What choosing it boots. */
    boot: Boot;
};

export interface BootMenuArgs extends OnMaster, Fields<Omit<BootMenuInput, "name" | "master" | "entries">> {
    /** The entries, in the order in which they are shown. */
    entries: BootMenuEntry[];
}

/** The menu with its passwords marked as secrets whatever the program said. */
const guarded = (menu: BootMenuArgs): BootMenuArgs => ({ ...secret(menu), entries: menu.entries.map(secret) });

const secret = <T extends { password?: BootMenuEntry["password"] }>(it: T): T => (it.password === undefined ? it : { ...it, password: pulumi.secret(it.password as pulumi.Input<string>) });

/**
 * An iPXE menu.
 *
 * @example
 * new netboot.BootMenu("seats", { master, entries: [{ name: "disk", label: "Own disk", key: "d", boot: boot.local() }], default: "disk", timeout: 10 });
 * @example
 * const tools = new netboot.BootMenu("tools", { master, title: "Tools", password: config.requireSecret("toolsPassword"), entries: [{ name: "memory", label: "Memory test", boot: boot.memtest() }] });
 * new netboot.BootMenu("seats", { master, entries: [{ name: "tools", label: "Tools", heading: "For teachers", only: ["teacher"], boot: boot.menu(tools) }] });
 */
export class BootMenu extends NetbootResource {
    /** @internal What a `boot` holds of it. */
    declare readonly __ref: pulumi.Output<unknown>;

    constructor(name: string, args: BootMenuArgs, opts?: pulumi.CustomResourceOptions) {
        super("BootMenu", name, { ...guarded(args), ...chosen(...args.entries.map(({ boot }) => boot)) }, ["__ref"], opts);
        args.entries.forEach(({ only }, i) => entryFor(this, `entries[${i}].only`, only));
    }
}
