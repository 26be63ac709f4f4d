import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RunOptions } from "../ssh/transport";
import { EngineError } from "./errors";
import { INCOMING } from "./kinds/blobs";
import { metered, progressOf } from "./meter";
import { sh } from "./sh";
import type { Op, Upload } from "./state";
import { sourceOf, troubleOf, type Line } from "./upload";

/** Bytes of a block; also of an image's chunk (docs/cloning-protocol.md). */
export const BLOCK = 2 * 1024 * 1024;

/** One block of a file: where it is, and whether it is all zeros, which nobody need send. */
export interface Block {
  digest: string;
  at: number;
  length: number;
  zero: boolean;
}

let emptiness: string | undefined;
const ZERO = Buffer.alloc(BLOCK);

/** The blocks of a file in order, and the digest of the whole. */
export async function blocksOf(file: string, report: (done: number) => void = () => undefined): Promise<{ sha256: string; blocks: Block[] }> {
  const whole = createHash("sha256");
  const blocks: Block[] = [];
  const handle = await open(file);
  try {
    for (let at = 0; ; at += BLOCK) {
      const bytes = await read(handle, at);
      if (bytes.length === 0) return { sha256: whole.digest("hex"), blocks };
      whole.update(bytes);
      const zero = bytes.equals(ZERO.subarray(0, bytes.length));
      blocks.push({ digest: zero && bytes.length === BLOCK ? (emptiness ??= digestOf(ZERO)) : digestOf(bytes), at, length: bytes.length, zero });
      report(at + bytes.length);
    }
  } finally {
    await handle.close();
  }
}

const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

async function read(handle: FileHandle, at: number, length = BLOCK): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/**
 * Brings to the master those blocks of a local file that it has neither in its store nor from a try that was cut: `list` names all, one a line with its length, and each block is
 * a file by its digest beside it. So a second try, and the next version of a file, send what is missing.
 */
export async function uploadBlocks(op: Op, wanted: Upload, known: Map<string, Block[]>, line: Line, reached: (blocks: number) => void): Promise<void> {
  const { sha256, size, blocks: store } = wanted;
  const file = await sourceOf(op, wanted, line.host);
  const trouble = troubleOf(op, line.host, file);
  const changed = () => trouble(`${file} is not what it was when it was previewed (sha256:${sha256})`, "Run preview again to see what would change.");
  if (!known.has(sha256)) {
    let last = 0;
    const began = Date.now();
    const found = await blocksOf(file, (done) => Date.now() - last >= 1000 && ((last = Date.now()), op.status?.(progressOf(`looking through ${file}`, done, size, done / 1048.576 / (last - began || 1)))));
    if (found.sha256 !== sha256) throw changed();
    known.set(sha256, found.blocks);
  }
  const blocks = known.get(sha256)!;
  const options: RunOptions = { step: `upload of ${file}` };
  const dir = `${INCOMING}/${sha256}.blocks`;

  const list = blocks.map(({ digest, length, zero }) => `${digest} ${length}${zero ? " zero" : ""}\n`).join("");
  const ask = sh`umask 077; mkdir -p ${dir} && cd ${dir} && cat >list.part && [ "$(wc -l <list.part)" = ${blocks.length} ] && mv -f list.part list || exit 1
{ find ${store!} -type f -name '*.zst' -printf '%f\n' 2>/dev/null | cut -c1-64; ls; } | awk '!list { have[$1]; next } $3 != "zero" && !($1 in have) { have[$1]; print $1 }' - list=1 list`;
  const answer = await line.send(ask.text, Readable.from([Buffer.from(list)]), options);
  if (answer.code !== 0) throw trouble(`the list of the blocks of ${file} did not arrive${answer.stderr ? `: ${answer.stderr.trim()}` : ""}`, "Make room on the master, or try again.");
  const missing = new Set(answer.stdout.split("\n").filter(Boolean));
  reached(blocks.length - missing.size);
  if (missing.size === 0) return;

  const sending = blocks.filter(({ digest }) => missing.delete(digest));
  const bytes = sending.reduce((sum, { length }) => sum + length, 0);
  const meter = metered((sent, rate) => op.status?.(progressOf(`uploading ${Math.ceil(bytes / 1048576)} of ${Math.ceil(size / 1048576)} MiB of ${file}`, sent, bytes, rate)));
  // Also ends the reading, and closes the file, when a lost connection destroys the meter.
  void pipeline(framed(file, sending, changed), meter).catch(() => undefined);
  // A block counts when its digest is right; then it has its name.
  const receive = sh`umask 077; cd ${dir} || exit 1; n=0
while read -r digest length; do
  head -c "$length" >"$digest.part" && [ "$(sha256sum <"$digest.part" | cut -c1-64)" = "$digest" ] || { rm -f "$digest.part"; break; }
  mv -f "$digest.part" "$digest" || break
  n=$((n + 1))
done
echo $n`;
  const sent = await line.send(receive.text, meter, options).catch((error) => Promise.reject(error.cause instanceof EngineError ? error.cause : error));
  if (Number(sent.stdout.trim()) !== sending.length)
    throw trouble(`${sent.stdout.trim() || "0"} of ${sending.length} blocks of ${file} arrived${sent.stderr ? `: ${sent.stderr.trim()}` : ""}`, "Make room on the master, or try again.");
}

/** A line with digest and length before each block's bytes. */
async function* framed(file: string, blocks: readonly Block[], changed: () => Error): AsyncGenerator<Buffer> {
  const handle = await open(file);
  try {
    for (const { digest, at, length } of blocks) {
      const bytes = await read(handle, at, length);
      if (digestOf(bytes) !== digest) throw changed();
      yield Buffer.from(`${digest} ${length}\n`);
      yield bytes;
    }
  } finally {
    await handle.close();
  }
}
