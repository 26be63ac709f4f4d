import { execFileSync } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const MIB = 1024 * 1024;
export const folder = mkdtempSync(join(tmpdir(), "netboot-image-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Bytes that look like nothing, and are the same in every run. */
export function noise(seed: string, length: number): Buffer {
  return createCipheriv("aes-256-ctr", createHash("sha256").update(seed).digest(), Buffer.alloc(16)).update(Buffer.alloc(Math.ceil(length)));
}

export type Piece = [at: number, bytes: Buffer];

/** A disk with one partition from `first` to its end, sparse but for the pieces given; a GPT or an MBR. */
export function disk(name: string, { size = 24 * MIB, first = 2048, end = undefined as number | undefined, gpt = false, pieces = [] as Piece[] } = {}): string {
  const path = join(folder, name);
  writeFileSync(path, "");
  truncateSync(path, size);
  const mbr = Buffer.alloc(512);
  const last = end ?? size / 512 - (gpt ? 34 : 1);
  mbr.writeUInt8(gpt ? 0xee : 0x83, 450);
  mbr.writeUInt32LE(gpt ? 1 : first, 454);
  mbr.writeUInt32LE(gpt ? 0xffffffff : last - first + 1, 458);
  mbr.writeUInt16LE(0xaa55, 510);
  const at = openSync(path, "r+");
  writeSync(at, mbr, 0, 512, 0);
  if (gpt) {
    const header = Buffer.alloc(512);
    header.write("EFI PART");
    header.writeBigUInt64LE(2n, 72);
    header.writeUInt32LE(128, 80);
    header.writeUInt32LE(128, 84);
    const entry = Buffer.alloc(128);
    noise("type", 32).copy(entry);
    entry.writeBigUInt64LE(BigInt(first), 32);
    entry.writeBigUInt64LE(BigInt(last), 40);
    writeSync(at, header, 0, 512, 512);
    writeSync(at, entry, 0, 128, 1024);
  }
  for (const [offset, bytes] of pieces) writeSync(at, bytes, 0, bytes.length, offset);
  closeSync(at);
  return path;
}

export type Packer = "gzip" | "zstd" | "xz";
export function packed(path: string, packer: Packer, ...args: string[]): string {
  const to = `${path}.${packer}`;
  writeFileSync(to, execFileSync(packer, [...args, "-c", path], { maxBuffer: 1024 * MIB }));
  return to;
}

export const sha256Of = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
