import type { BootDiskless, Firmware, MachineInput, MasterRef, MenuRef } from "@pulumi-netboot/schema/filled";

/** What the schemas call `ref` and `boot`, as code sees them: with defaults filled in. */
export type {
  Blob, Boot, BootCapture as CaptureBoot, BootClone as CloneBoot, BootDiskless as DisklessBoot, BootInstall as InstallBoot, BootKernel as KernelBoot, BootMenu as MenuBoot, BootWinpe as WinPeBoot, DataDisk, DiskChoice, DiskImageRef,
  FileRef, Firmware, ImageRef, InstallerRef, LocalBoot, MasterRef, MenuRef, PoolRef, Processor, Retries, VolumeRef, WinPeRef,
} from "@pulumi-netboot/schema/filled";

/** The imaging system, where the master has one. */
export type ImagingRef = NonNullable<MasterRef["imaging"]>;
/** Where the master keeps disks, where it does. */
export type StorageRef = NonNullable<MasterRef["storage"]>;

export const FIRMWARES = ["bios", "uefi", "uefi32", "arm64"] as const satisfies Firmware[];

/** By firmware, in one order: the order in which the keys of a map come is nothing that a file may depend on. */
export const byFirmware = <T>(loaders: Partial<Record<Firmware, T>>): [Firmware, T][] => FIRMWARES.flatMap((firmware): [Firmware, T][] => (loaders[firmware] === undefined ? [] : [[firmware, loaders[firmware]]]));

/** A program for one processor that an entry of a menu starts. */
export type Program = NonNullable<MenuRef["programs"]>[number];

/** A machine's own copy of a volume. */
export type Copy = Pick<BootDiskless, "volume" | "at" | "persist" | "generation" | "when" | "retain">;

/** A machine as templates of its own files know it. */
export type Templated = Pick<MachineInput, "name" | "master" | "mac" | "uuid" | "serial" | "address" | "hostname" | "boot">;
