import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RunOptions, Transport } from "../ssh/transport";
import { EngineError } from "./errors";
import { INCOMING } from "./kinds/blobs";
import { metered, progressOf } from "./meter";
import { sh } from "./sh";
import type { BlobSpec, Op } from "./state";

/** A transport as uploads use it; one that breaks is another at the next try. */
export type Line = Pick<Transport, "host" | "send">;

/** What went wrong with the local file of an upload, or with its way: nothing of the operation was done. */
export const troubleOf = (op: Op, host: string, file: string | undefined) => (cause: string, mend: string) => new EngineError({ label: op.label, host, file, cause, mend, partial: {} });

/** The local file of an upload, as it was when it was previewed. */
export async function sourceOf(op: Op, { sha256, size }: BlobSpec, host: string): Promise<string> {
  const file = op.sources?.[sha256];
  const trouble = troubleOf(op, host, file);
  if (file === undefined) throw trouble(`nothing says where the bytes of sha256:${sha256} are on this machine`, "Give the source file again.");
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) throw trouble(`cannot read ${file} (${found.code ?? found.message})`, "Put the file there, or change the path.");
  if (found.size !== size) throw trouble(`${file} has ${found.size} bytes and had ${size} when it was previewed`, "Run preview again to see what would change.");
  return file;
}

/**
 * Brings a blob's bytes to where the commit looks for them, outside the lock, from where a lost connection left it: `reached` hears how much was there. The local file
 * is hashed on its way, so that one that changed since the preview is noticed here; the commit hashes what arrived.
 */
export async function upload(op: Op, blob: BlobSpec, line: Line, reached: (bytes: number) => void): Promise<void> {
  const { sha256, size } = blob;
  const file = await sourceOf(op, blob, line.host);
  const trouble = troubleOf(op, line.host, file);
  const options: RunOptions = { step: `upload of ${file}` };
  const part = `${INCOMING}/${sha256}.part`;
  const whole = `${INCOMING}/${sha256}`;

  const asked = await line.send(sh`[ -f ${whole} ] && [ "$(wc -c <${whole})" = ${size} ] && echo whole || wc -c <${part} 2>/dev/null || echo 0`.text, empty(), options);
  if (asked.stdout.trim() === "whole") return;
  // More than there should be is no beginning of it.
  const there = Number(asked.stdout.trim()) <= size ? Number(asked.stdout.trim()) || 0 : 0;
  reached(there);

  const hash = createHash("sha256");
  if (there > 0) await pipeline(createReadStream(file, { end: there - 1 }), hash, { end: false });
  const body = createReadStream(file, { start: there, highWaterMark: 256 * 1024 });
  const meter = metered((sent, rate) => op.status?.(progressOf(`uploading ${file}`, there + sent, size, rate)));
  // An error of the file ends the stream, and with it the upload, with that error.
  void pipeline(body, hashing(hash), meter).catch(() => undefined);
  // Written at its place and not at the end: what a lost connection still brings are the same bytes. One that is cut looks like the end of the file, so the size decides.
  const write = sh`umask 077; mkdir -p ${INCOMING} && { [ ${there} != 0 ] || rm -f ${part}; } && dd bs=256k iflag=fullblock oflag=seek_bytes conv=notrunc seek=${there} of=${part} 2>/dev/null; s=$(wc -c <${part}); echo "$s"; [ "$s" = ${size} ] && mv -f ${part} ${whole}`;
  const sent = await line.send(write.text, meter, options);
  if (sent.code !== 0 || Number(sent.stdout.trim()) !== size)
    throw trouble(`the upload of ${file} stopped after ${sent.stdout.trim() || "0"} of ${size} bytes${sent.stderr ? `: ${sent.stderr.trim()}` : ""}`, "Make room on the master, or try again.");
  const digest = hash.digest("hex");
  if (digest !== sha256) {
    await line.send(sh`rm -f ${whole}`.text, empty(), options);
    throw trouble(`${file} is sha256:${digest} and was sha256:${sha256} when it was previewed`, "Run preview again to see what would change.");
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}
export const empty = () => Transform.from(nothing());

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      next(null, chunk);
    },
  });
}
