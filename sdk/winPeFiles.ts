import { open, readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { TextFile } from "./cloudInit";
import { efiProgram, head, type Processor } from "./executable";
import { fileInput, type FileSource, type LocalFile, remembered } from "./localFile";
import { type Look, wimLook } from "./wim";

/** A directory or an ISO image, when it is not a path alone. */
export type MediaSource =
    | FileSource
    /** An ISO image that is on the master already, by its absolute path. */
    | { master: string; sha256?: string };

/** The loader, with what its header says: every wimboot is an EFI program as well. */
export async function wimbootInput(source: FileSource): Promise<LocalFile & { machine?: Processor; fault?: string }> {
    const file = await fileInput(source);
    if (file.problem) return file;
    const program = efiProgram(await head(source.path));
    return { ...file, ...(program === undefined ? { fault: "is no EFI program, as every wimboot is" } : program.machine ? { machine: program.machine } : { fault: "is for another processor than x86, x86_64 or arm64" }) };
}

/** Where the files of Windows PE are, and what boot.wim is as far as its header says. */
export async function mediaInput(source: string | MediaSource): Promise<Record<string, unknown>> {
    if (typeof source !== "string" && "master" in source) return source;
    const { path, sha256: expected } = typeof source === "string" ? { path: source, sha256: undefined } : source;
    try {
        const found = await stat(path);
        if (found.isDirectory()) return expected ? { path, fault: "is a directory, which has no digest: leave sha256 out" } : await directoryInput(path);
        const { size, sha256, problem } = await fileInput({ path });
        if (problem) return { path, problem };
        return { path, size, sha256, ...(expected && expected !== sha256 ? { fault: `has the SHA-256 ${sha256} and not ${expected} as the program says: put the right file there or correct the digest` } : await isoFault(path)) };
    } catch (error) {
        return { path, problem: (error as Error).message };
    }
}

const PARTS = { bcd: "boot/bcd", sdi: "boot/boot.sdi", wim: "sources/boot.wim" } as const;

async function directoryInput(path: string): Promise<Record<string, unknown>> {
    const found = await Promise.all(Object.entries(PARTS).map(async ([key, part]) => [key, await below(path, part.split("/"))] as const));
    const missing = found.filter(([, file]) => !file).map(([key]) => PARTS[key as keyof typeof PARTS]);
    if (missing.length) return { path, fault: `has no file ${missing.join(" and no ")}: give the directory of a medium of Windows PE or of Windows, as copype.cmd of the Windows ADK makes it in media` };
    const files = Object.fromEntries(await Promise.all(found.map(async ([key, file]) => [key, await fileInput(file!)] as const)));
    const look = files.wim!.problem ? {} : await lookInto(files.wim!.path);
    return { path, ...files, ...look };
}

/** Windows does not tell upper case from lower case, and neither do those who copy its media. */
async function below(folder: string, parts: string[]): Promise<string | undefined> {
    const [part, ...rest] = parts;
    if (part === undefined) return folder;
    const names = (await readdir(folder)).filter((name) => name.toLowerCase() === part).sort();
    for (const name of names) {
        const inner = await below(join(folder, name), rest).catch((error: NodeJS.ErrnoException) => (error.code === "ENOTDIR" ? undefined : Promise.reject(error)));
        if (inner) return inner;
    }
    return undefined;
}

async function lookInto(path: string): Promise<Look> {
    const { size, mtimeMs, ctimeMs, ino } = await stat(path);
    const look = async () => {
        const file = await open(path);
        try {
            return JSON.stringify(await wimLook((at, length) => read(file, at, length), size));
        } finally {
            await file.close();
        }
    };
    return JSON.parse(await remembered(`wim 1 ${resolve(path)} ${size} ${mtimeMs} ${ctimeMs} ${ino}`, look, /^\{.*\}$/s)) as Look;
}

/** A volume descriptor of ISO 9660 or of UDF (ECMA-119, 8; ECMA-167, 2/9) in the seventeenth sector. */
async function isoFault(path: string): Promise<{ fault?: string }> {
    const descriptor = (await head(path, 32769 + 5)).subarray(32769).toString("latin1");
    return /^(CD001|BEA01|NSR0[23])$/.test(descriptor) ? {} : { fault: "is neither a directory nor an ISO image: give one of them" };
}

async function read(file: Awaited<ReturnType<typeof open>>, at: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
}

export interface DriversInput {
    path: string;
    files?: { name: string; sha256: string; size: number }[];
    problem?: string;
}

/** All files below a directory, with their digests, but for hidden ones. */
export async function driversInput(path: string): Promise<DriversInput> {
    try {
        const names = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => !entry.isDirectory())
            .map((entry) => join(entry.parentPath, entry.name).slice(join(path, "/").length)).filter((name) => !name.split("/").some((part) => part.startsWith("."))).sort();
        const files = await Promise.all(names.map(async (name) => ({ ...(await fileInput(join(path, name))), name })));
        const bad = files.find(({ problem }) => problem);
        return bad ? { path, problem: bad.problem! } : { path, files: files.map(({ name, sha256, size }) => ({ name, sha256: sha256!, size: size! })) };
    } catch (error) {
        return { path, problem: (error as Error).message };
    }
}

/** A batch file with its text: `check` sees no disk. */
export async function batchInput(script: string | TextFile): Promise<string | (TextFile & { text?: string; problem?: string })> {
    if (typeof script === "string") return script;
    try {
        return { path: script.path, text: await readFile(script.path, "latin1") };
    } catch (error) {
        return { path: script.path, problem: (error as Error).message };
    }
}
