import * as pulumi from "@pulumi/pulumi";
import { type DisklessOptions, diskless } from "./boot";
import { DiskImage } from "./diskImage";
import { Machine, type MachineArgs } from "./machine";
import type { Master } from "./resource";
import { Volume } from "./volume";

export interface InstanceArgs extends Omit<MachineArgs, "boot">, DisklessOptions {
    /**
     * What its disk is a copy of: a volume, or a disk image, of which the first instance makes a volume of the image's name that all others share. Of the volume's generation that
     * there is when the disk is made; `at` says another one that its `history` keeps. What becomes of the template after that changes no disk that is there.
     */
    template: Volume | DiskImage;
}

/**
 * A machine of a template: a disk of its own, copied in a moment; an address; and what cloud-init is to make of it. All of it is one `Machine` that boots by `boot.diskless`.
 *
 * @example
 * new netboot.Instance("web-1", { master, pool: lan, mac: "52:54:00:00:02:01", address: "10.0.0.21", template: golden, cloudInit: { userData: { path: "./user-data.yaml" } } });
 * @example
 * new netboot.Instance("web-2", { master, pool: lan, mac: "52:54:00:00:02:02", address: "10.0.0.22", template: golden, at: 3, cloudInit: { directory: "./seed", config: { ROLE: "web" } } });
 */
export class Instance extends pulumi.ComponentResource {
    /** The machine that it is. */
    readonly machine: Machine;
    /** The volume that its disk is a copy of. */
    readonly template: Volume;
    /** What its next boot does, in few lines. */
    readonly nextBoot: pulumi.Output<string>;

    constructor(name: string, { template, at, persist, generation, when, retain, dataDisks, kernel, ...args }: InstanceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("netboot:index:Instance", name, {}, opts);
        this.template = template instanceof DiskImage ? volumeOf(template, args.master) : template;
        this.machine = new Machine(name, { ...args, boot: diskless(this.template, { at, persist, generation, when, retain, dataDisks, kernel }) }, { parent: this });
        this.nextBoot = this.machine.nextBoot;
        this.registerOutputs({ nextBoot: this.nextBoot });
    }
}

/** One for all instances of an image: its blocks are there once. */
const volumes = new WeakMap<DiskImage, Volume>();

function volumeOf(image: DiskImage, master: Master): Volume {
    const volume = volumes.get(image) ?? new Volume(image.__volume, { master, from: image }, { parent: image });
    volumes.set(image, volume);
    return volume;
}
