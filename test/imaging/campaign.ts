import { test } from "node:test";
import { cut } from "./cuts.ts";
import { disk, MiB } from "./image.ts";
import { skip } from "./machine.ts";

/** Three clones; of the cuts at each, one in `every` is tried. */
export function campaign(every: number): void {
  test(`the power goes at ${every === 1 ? "any write" : `one write in ${every}`}`, { skip, concurrency: 2 }, async (t) => {
    const image = skip ? undefined! : disk({ fs: "none", bytes: 6 * MiB });
    await t.test("to a blank disk", (t) => cut(t, { image, disk: { name: "sda", size: 8 * MiB }, job: { verify: "full" }, every }).then(() => {}));
    await t.test("to a used, larger disk with a command for zeros", (t) => cut(t, { image, disk: { name: "sda", size: 9 * MiB, zeroes: true, content: Buffer.alloc(9 * MiB, 0x5a) }, job: { overwrite: "yes" }, every }).then(() => {}));
    await t.test("between two parts", (t) => cut(t, { image: Buffer.concat([image.subarray(0, 7 * MiB), Buffer.alloc(60 * MiB), image.subarray(7 * MiB)]), disk: { name: "sda", size: 68 * MiB }, job: {}, every }).then(() => {}));
  });
}
