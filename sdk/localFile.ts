import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";

/** A local file as `check` needs it: pure functions see the digest, never the disk. */
export interface LocalFile {
    path: string;
    name: string;
    sha256?: string;
    size?: number;
    /** What the program says the digest is, where it says. */
    expected?: string;
    /** Why there is no digest: the words of the operating system. */
    problem?: string;
}

/** A file on the machine that runs Pulumi. */
export interface FileSource {
    /** Absolute, or relative to the program. */
    path: string;
    /** The digest that its content must have; anything else is refused in the preview. */
    sha256?: string;
}

/** Hashes a local file, once for each size and time of change; resources are constructed concurrently, and so is this. */
export async function fileInput(source: string | FileSource): Promise<LocalFile> {
    const { path, sha256: expected } = typeof source === "string" ? { path: source, sha256: undefined } : source;
    const file = { path, name: basename(path), ...(expected && { expected }) };
    try {
        const { size, mtimeMs, ctimeMs, ino } = await stat(path);
        return { ...file, size, sha256: await remembered(`${resolve(path)} ${size} ${mtimeMs} ${ctimeMs} ${ino}`, () => digest(path)) };
    } catch (error) {
        return { ...file, problem: (error as Error).message };
    }
}

export async function digest(path: string): Promise<string> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex");
}

const cache = () => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pulumi-netboot", "digests");

/** A digest, or what else was found out of a file, from the cache; else computed and kept there; a cache that cannot be written costs time, nothing else. */
export async function remembered(key: string, compute: () => Promise<string>, holds = /^[0-9a-f]{64}$/): Promise<string> {
    const file = join(cache(), createHash("sha256").update(key).digest("hex"));
    const known = await readFile(file, "utf8").catch(() => "");
    if (holds.test(known)) return known;
    const value = await compute();
    const partial = `${file}.${process.pid}`;
    await mkdir(cache(), { recursive: true }).then(() => writeFile(partial, value)).then(() => rename(partial, file)).catch(() => undefined);
    return value;
}
