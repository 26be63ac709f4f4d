// The power goes at any write, before it or in its midst. The disk then boots only what is proved, and a second start makes it whole.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { MiB, serve } from "./image.ts";
import { type Disk, type Job, setting } from "./machine.ts";

export interface Campaign {
  image: Buffer;
  disk: Disk;
  job: Job;
  /** Of all cuts, those whose number leaves no rest. */
  every: number;
}

const SECOND_SLOT = 254 * 4096;
const calm = { PROCESSORS: "1" };

/** Cuts at every write of a clone; answers how many there were. */
export async function cut(t: TestContext, { image, disk, job, every }: Campaign): Promise<number> {
  const served = serve(image), name = disk.name;
  const start = () => setting(t, served, [disk], { job });
  const whole = await start();
  assert.equal(await whole.machine.run(calm), "reboots", whole.machine.error);
  const right = whole.machine.disk(name);
  const writes = readFileSync(join(whole.machine.root, "writes"), "utf8").length;
  for (let n = 1; n <= writes; n++)
    for (const torn of ["", "1000", "5000"]) {
      const label = `write ${n} of ${writes}, ${torn || "none"} of its bytes`;
      if ((3 * n + ["", "1000", "5000"].indexOf(torn)) % every) continue;
      const { machine } = await start();
      assert.equal(await machine.run({ ...calm, CUT: String(n), TORN: torn }), "loses power", `${label}: ${machine.error}`);
      const left = machine.disk(name);
      // A head that is half blanked has nothing to boot: only bytes that are neither blank nor the old ones count.
      const headIsThere = left.subarray(0, 4096).some((byte, at) => byte !== 0 && byte !== (disk.content?.[at] ?? 0));
      if (headIsThere) assert.ok(left.subarray(MiB).equals(right.subarray(MiB)), `${label}: a head before all else`);
      assert.equal(machine.done, undefined, label);
      assert.equal(await machine.run(calm), "reboots", `${label}: ${machine.error}`);
      assert.ok(machine.done, label);
      // Of a stamp's two slots the first counts; a cut between them leaves an old second one.
      const is = machine.disk(name);
      if (n >= writes - 1) right.copy(is, SECOND_SLOT, SECOND_SLOT, SECOND_SLOT + 4096);
      assert.ok(is.equals(right), `${label}: not equal in the end`);
      machine.remove();
    }
  return writes;
}
