import assert from "node:assert/strict";
import { test } from "node:test";
import { cut } from "./cuts.ts";
import { disk, MiB } from "./image.ts";
import { skip } from "./machine.ts";

// A taste for daily work; `npm test` runs cuts.lab.ts.
test("the power goes at some writes", { skip }, async (t) => {
  const writes = await cut(t, { image: disk({ fs: "none", bytes: 6 * MiB }), disk: { name: "sda", size: 8 * MiB + 4096, content: Buffer.alloc(8 * MiB + 4096, 0x5a) }, job: { overwrite: "yes", verify: "stream" }, every: 7 });
  assert.ok(writes >= 10, `${writes}`);
});
