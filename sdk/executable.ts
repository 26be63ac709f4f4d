import { open, readFile } from "node:fs/promises";
import { fileInput, type FileSource, type LocalFile } from "./localFile";

export type Processor = "x86" | "x86_64" | "arm64";

const MACHINES: Record<number, Processor> = { 0x14c: "x86", 0x8664: "x86_64", 0xaa64: "arm64" };

export interface Program {
    machine?: Processor;
    signed?: boolean;
}

/** An EFI program, by the header that it begins with (PE Format): for which processor, and whether a signature belongs to it. */
export function efiProgram(head: Buffer): Program | undefined {
    const at = head.length >= 64 && head.toString("latin1", 0, 2) === "MZ" ? head.readUInt32LE(60) : head.length;
    if (at + 6 > head.length || head.toString("latin1", at, at + 4) !== "PE\0\0") return undefined;
    const machine = MACHINES[head.readUInt16LE(at + 4)];
    return { ...(machine && { machine }), ...(certificates(head, at + 24) && { signed: true }) };
}

/** The size of the fifth of the directories, which stand at the end of the optional header: of 64 bits (0x20b), or of 32. */
function certificates(head: Buffer, optional: number): number {
    const size = optional + (head.length > optional + 2 && head.readUInt16LE(optional) === 0x20b ? 112 : 96) + 4 * 8 + 4;
    return size + 4 <= head.length ? head.readUInt32LE(size) : 0;
}

/** A kernel or a loader, with what its header says: most are EFI programs; one of x86 that is none says by a flag whether it is one of 64 bits (Documentation/arch/x86/boot.rst). */
export async function programInput(source: string | FileSource): Promise<LocalFile & Program> {
    const file = await fileInput(source);
    if (file.problem) return file;
    const begin = await head(file.path);
    const linux = begin.length > 0x238 && begin.toString("latin1", 0x202, 0x206) === "HdrS" ? { machine: begin[0x236]! & 1 ? "x86_64" as const : "x86" as const } : {};
    return { ...file, ...(efiProgram(begin) ?? linux) };
}

/** GRUB for the network. Debian 12's signed one has no module for HTTP, and none can be added to it; one that has says the protocol's name. */
export async function grubInput(source: string | FileSource): Promise<LocalFile & Program & { http?: boolean }> {
    const file = await programInput(source);
    return file.problem || !(await readFile(file.path)).includes("HTTP/1.1") ? file : { ...file, http: true };
}

/** The first bytes of a file, as far as headers are. */
export async function head(path: string, length = 4096): Promise<Buffer> {
    const file = await open(path);
    try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
        return buffer.subarray(0, bytesRead);
    } finally {
        await file.close();
    }
}
