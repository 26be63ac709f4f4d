// A test's local disk: a boot sector for a BIOS and an EFI system partition for UEFI, both on one image. What boots from
// it prints the marker with the firmware's name, so a test sees that the local disk was booted, and by which way.
import { biosCode, efiApplication } from "./code.ts";
import { fat16 } from "./fat16.ts";

const sector = 512;
const partitionStart = 2048;
const partitionSectors = 32768;                    // 16 MiB

/** The label of the EFI system partition. */
export const espLabel = "NETBOOT";

export interface DiskOptions {
    uefi?: boolean;                                // with \EFI\BOOT\BOOTX64.EFI (default) or without
    files?: Record<string, Buffer>;                // more files for the EFI system partition
}

export function bootableDisk({ uefi = true, files = {} }: DiskOptions = {}): Buffer {
    const esp = fat16({
        sectors: partitionSectors,
        hiddenSectors: partitionStart,
        label: espLabel,
        files: { ...(uefi ? { "/EFI/BOOT/BOOTX64.EFI": efiApplication() } : {}), ...files },
    });
    const start = Buffer.alloc(partitionStart * sector);
    biosCode().copy(start);
    partitionEntry().copy(start, 446);
    start.writeUInt16LE(0xaa55, 510);
    return Buffer.concat([start, esp, Buffer.alloc(1 << 20)]);
}

function partitionEntry(): Buffer {
    const entry = Buffer.alloc(16);
    entry.writeUInt8(0x80, 0);                     // active
    entry.set([0xfe, 0xff, 0xff], 1);              // CHS: "see the LBA"
    entry.writeUInt8(0xef, 4);                     // EFI system partition
    entry.set([0xfe, 0xff, 0xff], 5);
    entry.writeUInt32LE(partitionStart, 8);
    entry.writeUInt32LE(partitionSectors, 12);
    return entry;
}
