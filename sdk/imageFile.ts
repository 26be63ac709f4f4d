import { type FileHandle, open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { ImageSource } from "./diskImage";
import { type Format, type Found, lookInto, type Read } from "./imageFormat";
import { digest, remembered } from "./localFile";

/** A disk image as `check` needs it. */
export interface ImageInput {
    path?: string;
    url?: string;
    master?: string;
    sha256?: string;
    size?: number;
    format?: Format;
    raw?: number;
    problem?: string;
    fault?: string;
}

/** Finds out what a local image is, once for each size and time of change; leaves what only the master can read to the master. */
export async function imageInput(source: string | ImageSource): Promise<ImageInput> {
    if (typeof source !== "string" && !("path" in source)) return source;
    const { path, sha256: expected } = typeof source === "string" ? { path: source, sha256: undefined } : source;
    try {
        const found = await stat(path);
        if (!found.isFile()) return { path, problem: "it is no file" };
        const { size, mtimeMs, ctimeMs, ino } = found;
        if (size === 0) return { path, size };
        const stamp = `${resolve(path)} ${size} ${mtimeMs} ${ctimeMs} ${ino}`;
        const look = JSON.parse(await remembered(`image 1 ${stamp}`, async () => JSON.stringify(await inspect(path, size)), /^\{.*\}$/)) as Found;
        if (look.fault) return { path, size, ...look };
        const sha256 = await remembered(stamp, () => digest(path));
        const fault = expected && expected !== sha256 ? { fault: `has the SHA-256 ${sha256} and not ${expected} as the program says: put the right file there or correct the digest` } : {};
        return { path, size, sha256, ...look, ...fault };
    } catch (error) {
        return { path, problem: (error as Error).message };
    }
}

async function inspect(path: string, size: number): Promise<Found> {
    const file = await open(path);
    try {
        return await lookInto(reader(file, size), size);
    } finally {
        await file.close();
    }
}

/** Reads what there is of a range; small neighbouring reads, as along the blocks of a frame, cost one of the disk. */
function reader(file: FileHandle, size: number): Read {
    let from = 0;
    let page = Buffer.alloc(0);
    return async (at, length) => {
        const end = Math.min(at + length, size);
        if (at >= end) return Buffer.alloc(0);
        if (at < from || end > from + page.length) {
            const buffer = Buffer.alloc(Math.min(Math.max(length, 4096), size - at));
            const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
            from = at;
            page = buffer.subarray(0, bytesRead);
        }
        return page.subarray(at - from, end - from);
    };
}
