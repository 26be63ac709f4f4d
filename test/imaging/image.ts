// Disk images, and the same as a master serves them: index, part lists, chunks. docs/cloning-protocol.md says how.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";

export const MiB = 1 << 20;
const CHUNK = 2 * MiB, PART = 64 * MiB;

export const sha256 = (data: Buffer | string) => createHash("sha256").update(data).digest("hex");

/** What a master serves of an image: paths below `/`, and what is there. */
export interface Served {
  digest: string;
  files: Map<string, Buffer>;
  /** The chunk at a byte of the image. */
  chunkAt(offset: number): string;
}

export function serve(image: Buffer): Served {
  const digest = sha256(image);
  const files = new Map<string, Buffer>();
  const at: string[] = [];
  let index = `netboot-image 1\nsha256 ${digest}\nsize ${image.length}\nchunk ${CHUNK}\n`;
  for (let offset = 0, n = 0; offset < image.length; offset += PART, n++) {
    const part = image.subarray(offset, offset + PART);
    const xxh = execFileSync("xxhsum", ["-H2", "-"], { input: part, stdio: ["pipe", "pipe", "ignore"] }).toString().split(" ")[0];
    if (part.equals(Buffer.alloc(part.length))) {
      index += `part ${n} ${offset} ${part.length} zero ${xxh} 0\n`;
      continue;
    }
    const names: string[] = [], packed: Buffer[] = [];
    for (let from = 0; from < part.length; from += CHUNK) {
      const raw = part.subarray(from, from + CHUNK), name = sha256(raw), path = `/chunks/${name.slice(0, 2)}/${name}.zst`;
      if (!files.has(path)) files.set(path, zstdCompressSync(raw));
      names.push(name);
      packed.push(files.get(path)!);
      at[(offset + from) / CHUNK] = path;
    }
    files.set(`/images/${digest}/part.${n}`, Buffer.from(names.join("\n") + "\n"));
    const all = Buffer.concat(packed);
    index += `part ${n} ${offset} ${part.length} ${sha256(all)} ${xxh} ${all.length}\n`;
  }
  files.set(`/images/${digest}/index`, Buffer.from(index + "end end\n"));
  return { digest, files, chunkAt: (offset) => at[Math.floor(offset / CHUNK)]! };
}

/** What only a kernel fills: with root, and loop devices. */
export type Mounted = "xfs" | "btrfs";
/** What xfsprogs' own tests set, which may make small ones. */
export const MADE_SMALL = { TEST_DIR: "x", TEST_DEV: "x", QA_CHECK_FS: "x" };

/** Does something with what is in the file system in that file. */
export function mounted<T>(part: string, how: "rw" | "ro", use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "mounted-"));
  execFileSync("mount", ["-o", `loop,${how}`, part, folder]);
  try {
    return use(folder);
  } finally {
    execFileSync("umount", [folder]);
    rmSync(folder, { recursive: true });
  }
}

export interface Shape {
  /** Bytes of the whole image. */
  size?: number;
  label?: "gpt" | "dos" | "none";
  /** Lines for sfdisk. */
  partitions?: string;
  /** Where the file system is, in bytes: its partition must be there. */
  at?: number;
  bytes?: number;
  fs?: "ext4" | Mounted | "swap" | "none";
  files?: Record<string, string>;
}

const DEBIAN = { "etc/os-release": "ID=debian\n", "etc/hostname": "golden\n", "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\tgolden\n", "etc/machine-id": "0123456789abcdef0123456789abcdef\n" };

/** A disk with a partition table, boot code and one file system; what is in no file is random, so that nothing looks right by chance. */
export function disk({ size = 8 * MiB, label = "gpt", at = MiB, bytes = size - at - MiB, partitions = `start=${at / 512}, size=${bytes / 512}, name="a root", attrs="LegacyBIOSBootable"`, fs = "ext4", files = DEBIAN }: Shape = {}): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "image-")), file = join(folder, "disk"), tree = join(folder, "tree");
  try {
    const all = Buffer.alloc(size);
    writeFileSync(file, all);
    if (label !== "none") execFileSync("/sbin/sfdisk", ["-q", file], { input: `label: ${label}\n${label === "gpt" ? partitions : partitions.replace(/, (name|attrs)="[^"]*"/g, "")}\n`, stdio: ["pipe", "ignore", "ignore"] });
    const withTable = readFileSync(file);
    if (fs === "none") randomBytes(bytes).copy(withTable, at);
    if (fs !== "none") {
      for (const [name, text] of Object.entries({ ...files, data: randomBytes(Math.min(Math.floor(bytes / 4), 10 * MiB)).toString("latin1") })) {
        mkdirSync(join(tree, name, ".."), { recursive: true });
        writeFileSync(join(tree, name), text, "latin1");
      }
      const part = join(folder, "part");
      writeFileSync(part, "");
      truncateSync(part, bytes);
      if (fs === "swap") execFileSync("/sbin/mkswap", [part], { stdio: "ignore" });
      else if (fs === "ext4") execFileSync("/sbin/mkfs.ext4", ["-q", "-F", "-d", tree, part], { stdio: "ignore" });
      else {
        execFileSync(`/sbin/mkfs.${fs}`, ["-q", part], { stdio: "ignore", env: MADE_SMALL });
        mounted(part, "rw", (to) => execFileSync("cp", ["-r", `${tree}/.`, to]));
      }
      readFileSync(part).copy(withTable, at);
    }
    if (label !== "none") randomBytes(440).copy(withTable, 0);
    return withTable;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
