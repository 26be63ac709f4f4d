import { createHash } from "node:crypto";
import { createReadStream, type ReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Transport } from "../ssh/transport";
import { EngineError } from "./errors";
import { INCOMING } from "./kinds/blobs";
import { sh } from "./sh";
import type { Op } from "./state";

const MIB = 1024 * 1024;

/**
 * Brings a blob's bytes to where the commit looks for them, outside the lock. The local file is hashed on its way, so that one that changed since
 * the preview is noticed here; the commit hashes what arrived.
 */
export async function upload(op: Op, sha256: string, size: number, transport: Transport): Promise<void> {
  const file = op.sources?.[sha256];
  const trouble = (cause: string, mend: string) => new EngineError({ label: op.label, host: transport.host, file, cause, mend, partial: {} });
  if (file === undefined) throw trouble(`nothing says where the bytes of sha256:${sha256} are on this machine`, "Give the source file again.");
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) throw trouble(`cannot read ${file} (${found.code ?? found.message})`, "Put the file there, or change the path.");
  if (found.size !== size) throw trouble(`${file} has ${found.size} bytes and had ${size} when it was previewed`, "Run preview again to see what would change.");

  // A connection that is cut looks like the end of the file to `cat`, so the size decides whether it is all there.
  const part = `${INCOMING}/${sha256}.part`;
  const hash = createHash("sha256");
  const body = measured(createReadStream(file, { highWaterMark: 256 * 1024 }), hash, (sent, rate) =>
    op.status?.(`uploading ${file}: ${Math.floor((sent / Math.max(size, 1)) * 100)} %, ${rate.toFixed(1)} MiB/s`),
  );
  const step = `upload of ${file}`;
  const command = sh`umask 077; mkdir -p ${INCOMING} && cat >${part}; s=$(wc -c <${part}); echo "$s"; [ "$s" = ${size} ] && mv -f ${part} ${`${INCOMING}/${sha256}`}`.text;
  const sent = await transport.send(command, body, { step });
  if (sent.code !== 0 || Number(sent.stdout.trim()) !== size)
    throw trouble(`the upload of ${file} stopped after ${sent.stdout.trim() || "0"} of ${size} bytes${sent.stderr ? `: ${sent.stderr.trim()}` : ""}`, "Make room on the master, or try again.");
  const digest = hash.digest("hex");
  if (digest !== sha256) throw trouble(`${file} is sha256:${digest} and was sha256:${sha256} when it was previewed`, "Run preview again to see what would change.");
}

/** Counts and hashes what passes, and reports about once a second and at the end. */
function measured(source: ReadStream, hash: ReturnType<typeof createHash>, report: (sent: number, mibPerSecond: number) => void): Transform {
  let sent = 0;
  let last = 0;
  const began = Date.now();
  const rate = () => sent / MIB / Math.max((Date.now() - began) / 1000, 0.001);
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      sent += chunk.length;
      const now = Date.now();
      if (now - last >= 1000) {
        last = now;
        report(sent, rate());
      }
      next(null, chunk);
    },
    flush(next) {
      report(sent, rate());
      next();
    },
  });
  // An error of the file ends the stream, and with it the upload, with that error.
  void pipeline(source, meter).catch(() => undefined);
  return meter;
}
