// A disk that boots, with an ext4 file system in use: what its files hold is known, and what its free blocks hold is noise.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bootableDisk } from "../lab/disk/image.ts";

const MIB = 1 << 20;
const start = 20 * MIB, length = 64 * MIB;

/** Bytes of the disk. */
export const size = 96 * MIB;
/** Which partition the file system is in. */
export const partition = 2;

export interface Golden {
    disk: Buffer;
    /** `sha256sum` of all files, sorted by name, as seen from the file system's root. */
    sums: string;
    /** Bytes in its files. */
    used: number;
}

export function goldenDisk(): Golden {
    const files: Record<string, Buffer> = { "etc/hostname": Buffer.from("golden\n"), "home/ada/notes": Buffer.alloc(300_000, "all that she wrote\n"), "usr/lib/noise": randomBytes(9 * MIB), "var/empty": Buffer.alloc(0) };
    const folder = mkdtempSync(join(tmpdir(), "golden-"));
    try {
        for (const [name, content] of Object.entries(files)) {
            mkdirSync(join(folder, "tree", dirname(name)), { recursive: true });
            writeFileSync(join(folder, "tree", name), content);
        }
        const part = join(folder, "part");
        writeFileSync(part, randomBytes(length));
        execFileSync("/sbin/mkfs.ext4", ["-q", "-F", "-E", "nodiscard", "-d", join(folder, "tree"), part], { stdio: "ignore" });
        const disk = Buffer.alloc(size);
        bootableDisk().copy(disk);
        readFileSync(part).copy(disk, start);
        const entry = 446 + 16 * (partition - 1);
        disk.writeUInt8(0x83, entry + 4);
        disk.writeUInt32LE(start / 512, entry + 8);
        disk.writeUInt32LE(length / 512, entry + 12);
        const sums = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, content]) => `${createHash("sha256").update(content).digest("hex")}  ./${name}\n`);
        return { disk, sums: sums.join(""), used: Object.values(files).reduce((sum, { length }) => sum + length, 0) };
    } finally {
        rmSync(folder, { recursive: true });
    }
}

/** Shell text for a machine that has such a disk: the same sums. */
export const sumsOf = (disk: string) => `mount -r ${disk}${partition} /mnt && cd /mnt && find . -type f | sort | xargs sha256sum; cd / && umount /mnt`;
