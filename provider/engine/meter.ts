import { Transform } from "node:stream";

const MIB = 1024 * 1024;

/** Passes bytes on, and says about once a second and at the end how many, and how fast. */
export function metered(report: (sent: number, mibPerSecond: number) => void): Transform {
  let sent = 0;
  let last = 0;
  const began = Date.now();
  const rate = () => sent / MIB / Math.max((Date.now() - began) / 1000, 0.001);
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
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
}

/** How far it is, for the resource's row. */
export const progressOf = (what: string, done: number, all: number, rate: number): string => `${what}: ${Math.floor((done / Math.max(all, 1)) * 100)} %, ${rate.toFixed(1)} MiB/s`;
