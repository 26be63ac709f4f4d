import type { MachineInput } from "@pulumi-netboot/schema";
import type * as pulumi from "@pulumi/pulumi";
import type { BootMenu } from "./bootMenu";
import type { DiskImage } from "./diskImage";
import type { Fields, Inputs } from "./inputs";
import type { InstallerImage } from "./installerImage";
import type { KernelImage } from "./kernelImage";
import { rolesHad } from "./roles";
import type { Volume } from "./volume";
import type { WinPeImage } from "./winPeImage";

type Kinds = NonNullable<MachineInput["boot"]>;
type Options<Kind extends Kinds["kind"], Refs extends string = never> = Fields<Omit<Extract<Kinds, { kind: Kind }>, "kind" | Refs>>;

/** What a machine or a menu entry boots: made by the functions of `boot`. */
export type Boot = Inputs<Kinds>;

type DataDiskInput = NonNullable<Extract<Kinds, { kind: "diskless" }>["dataDisks"]>[number];

/** A further disk of the master, under a number that stays: a copy of a volume. */
export type DataDisk = Fields<Omit<DataDiskInput, "volume">> & { volume: Volume };
export type DisklessOptions = Options<"diskless", "volume" | "dataDisks" | "kernel"> & {
    dataDisks?: DataDisk[];
    /** A `boot.kernel()`: fetched by HTTP, with this disk for its root, in place of the disk's own boot loader. Default: the disk boots by itself. */
    kernel?: Boot;
};

export { choice } from "./choice";

/** Its own disk. `method` where the firmware needs another way than the machine's `localBoot`. */
export const local = (options: Options<"local"> = {}): Boot => ({ ...options, kind: "local" }) as Boot;

/**
 * A menu on the machine's console, with the default, the time-out and the roles that this machine or group has in it.
 *
 * @example
 * boot.menu(seats)
 * @example
 * boot.menu(seats, { default: "debian", roles: ["teacher"] })
 */
export function menu(menu: BootMenu, options: Options<"menu", "menu"> = {}): Boot {
    rolesHad(options.roles);
    return { ...options, kind: "menu", menu: menu.__ref } as Boot;
}

/** A kernel over the network. `append` adds arguments to the image's command line, `cmdline` replaces it. */
export const kernel = (image: KernelImage, options: Options<"kernel", "image"> = {}): Boot => ({ ...options, kind: "kernel", image: image.__ref }) as Boot;

/**
 * A disk image, written to a disk of the machine once for each `generation`, ERASING the disk; then, and ever after, its own disk.
 *
 * @example
 * boot.clone(classroom, { disk: "only", generation: 1 })
 * @example
 * boot.clone(classroom, { disk: { size: "200GB-600GB" }, generation: 2, expand: "last", then: "poweroff" })
 */
export const clone = (image: DiskImage, options: Options<"clone", "image">): Boot => ({ ...options, kind: "clone", image: image.__ref }) as Boot;

/**
 * A disk of the machine, read once for each `generation` into /srv/netboot/captures/NAME/GENERATION.zst on the master; nothing on the disk is changed.
 * What came over an open network is not trusted by itself: `netboot status` shows its digest, and only a `DiskImage` that names it can be cloned.
 *
 * @example
 * boot.capture({ name: "golden", disk: "only", generation: 1 })
 */
export const capture = (options: Options<"capture">): Boot => ({ ...options, kind: "capture" }) as Boot;

type InstallDisk = Extract<Kinds, { kind: "install" }>["disk"];

/** What `boot.install` is told: `disk` is a disk of the machine, or `boot.diskless()` for one that the master keeps. */
export type InstallOptions = Options<"install", "installer" | "disk"> & { disk: Inputs<Exclude<InstallDisk, { kind: string }>> | Boot };

/**
 * A system, installed by an installer that needs nobody onto a disk of the machine, or of the master, once for each `generation`, ERASING the disk; then, and ever after, the
 * machine boots that disk.
 * `answers` are this machine's values for the installer's template.
 *
 * @example
 * boot.install(bookworm, { disk: "only", generation: 1 })
 * @example
 * boot.install(bookworm, { disk: { serial: "S4EWNX0R123456" }, generation: 2, answers: { role: "database" }, retries: 1, then: "poweroff" })
 * @example
 * boot.install(bookworm, { disk: boot.diskless(blank), generation: 1 })
 */
export const install = (installer: InstallerImage, options: InstallOptions): Boot => ({ ...options, kind: "install", installer: installer.__ref }) as Boot;

/**
 * A disk of the master, by iSCSI: a copy of a volume that is this machine's own, and takes room only for what the machine changes. Raise `generation` to have it
 * copied anew, by which what the machine wrote is lost; that needs the machine to be off, or is done at its next boot with `when: "nextBoot"`. With `persist: "discard"` it is
 * copied anew at each boot.
 *
 * @example
 * boot.diskless(golden, { generation: 1 })
 * @example
 * boot.diskless(golden, { generation: 2, when: "nextBoot" })
 * @example
 * boot.diskless(golden, { persist: "discard" })
 * @example
 * boot.diskless(golden, { kernel: boot.kernel(debian, { append: "root=LABEL=root" }) })
 * @example
 * boot.diskless(golden, { persist: "discard", dataDisks: [{ volume: home, lun: 2 }, { volume: library, lun: 3, access: "read" }] })
 */
export const diskless = (volume: Volume, { dataDisks, ...options }: DisklessOptions = {}): Boot =>
    ({ ...options, kind: "diskless", volume: volume.__ref, ...(dataDisks && { dataDisks: dataDisks.map((disk) => ({ ...disk, volume: disk.volume.__ref })) }) }) as Boot;

/**
 * Windows PE. With `disk`, a disk of the master is the machine's first one meanwhile, for Windows to be installed onto it: the same boot starts from it afterwards.
 *
 * @example
 * boot.winpe(winpe)
 * @example
 * boot.winpe(winpe, { disk: boot.diskless(blank) })
 */
export const winpe = (image: WinPeImage, { disk }: { disk?: Boot } = {}): Boot => ({ kind: "winpe", image: image.__ref, ...(disk && { disk }) }) as Boot;

/** The imaging system, which changes nothing by itself: a shell by ssh with the keys of the master's `imaging`. */
export const rescue = (): Boot => ({ kind: "rescue" }) as Boot;

/** A test of the machine's memory by Memtest86+, until it is stopped. */
export const memtest = (options: Options<"memtest"> = {}): Boot => ({ ...options, kind: "memtest" }) as Boot;

/** A page with what iPXE knows of the machine: maker, product, serial number, UUID, addresses, processor, firmware. */
export const hardware = (): Boot => ({ kind: "hardware" }) as Boot;

/** For a menu: the machine starts anew. */
export const reboot = (): Boot => ({ kind: "reboot" }) as Boot;

/** For a menu: the machine switches itself off, where its iPXE can (Debian 12's cannot, and says so). */
export const poweroff = (): Boot => ({ kind: "poweroff" }) as Boot;

/** iPXE's shell on the machine's console; when it is left, the machine boots its own disk. */
export const shell = (): Boot => ({ kind: "shell" }) as Boot;

/** A script or boot loader from elsewhere, by URL. What it does is not this program's to know. */
export const chain = (url: pulumi.Input<string>): Boot => ({ kind: "chain", url }) as Boot;
