import { tableFault } from "./partitionTable";
import { zstdFault } from "./zstdFrames";
import { xzFault } from "./xzIndex";

/** Reads bytes of a file; fewer than asked for at its end. */
export type Read = (at: number, length: number) => Promise<Buffer>;

export type Format = "raw" | "gzip" | "zstd" | "xz";

/** What a file turned out to be: its format and, where it says so, the bytes of the disk; or what is wrong with it. */
export interface Found {
    format?: Format;
    raw?: number;
    /** The end of a sentence that begins with the file's name and "which". */
    fault?: string;
}

const MAGIC: [hex: string, format: Format][] = [["1f8b", "gzip"], ["28b52ffd", "zstd"], ["fd377a585a00", "xz"]];
const OTHERS: [hex: string, words: string][] = [
    ["425a68", "is packed with bzip2"], ["504b0304", "is a ZIP archive"], ["04224d18", "is packed with lz4"], ["377abcaf271c", "is a 7z archive"], ["4c5a4950", "is packed with lzip"],
    ["514649fb", "is a qcow2 image"], ["4b444d56", "is a VMDK image"], ["7668647866696c65", "is a VHDX image"], ["636f6e6563746978", "is a VHD image"],
];

/** Tells by its content what a file is, and whether its end is where it should be; reads little of it. */
export async function lookInto(read: Read, size: number): Promise<Found> {
    const head = (await read(0, 16)).toString("hex");
    const other = OTHERS.find(([magic]) => head.startsWith(magic));
    if (other) return { fault: `${other[1]}: give a raw image (qemu-img convert -O raw makes one), or one packed with gzip, zstd or xz` };
    const format = MAGIC.find(([magic]) => head.startsWith(magic))?.[1] ?? "raw";
    const found = await ends[format](read, size);
    return found.fault ? { fault: found.fault } : { format, ...(found.raw !== undefined && { raw: found.raw }) };
}

const ends: Record<Format, (read: Read, size: number) => Promise<{ raw?: number; fault?: string }>> = { raw: rawFault, gzip: gzipFault, zstd: zstdFault, xz: xzFault };

/**
 * gzip says at its end how many bytes it holds, modulo 2^32: of a disk's image always a multiple of 512. Where a file was cut short
 * stands anything; and 4 MiB, the least that an image has, are never packed into less than 4,000 bytes. The one in 512 that passes here is found by the master.
 */
async function gzipFault(read: Read, size: number): Promise<{ fault?: string }> {
    const end = await read(size - 8, 8);
    // Zeros are what long runs of zeros are packed into, and no whole file's checksum.
    if (size < 4000 || end.length < 8 || end.readUInt32LE(4) % 512 !== 0 || end.every((byte) => byte === 0)) return { fault: "does not end as the gzip file of a disk image does: it is cut short, or holds something else" };
    return {};
}

async function rawFault(read: Read, size: number): Promise<{ raw?: number; fault?: string }> {
    const first = Buffer.from(await read(0, 65536));
    const stamp = Buffer.from(await read(1_040_384, 8192));
    const fault = tableFault(first, size) ?? (stamp.some((byte) => byte !== 0) ? "has something in its last 8 KiB before the first MiB, which cloning needs for its own use" : undefined);
    return fault ? { fault } : { raw: size };
}
