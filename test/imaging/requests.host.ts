// Each request that a machine makes while it is cloned, answered wrongly for good: what is on the disk is whole or cannot be booted, nothing is said to be done that is not, and once the master is well the machine comes to its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { disk, MiB, serve } from "./image.ts";
import { setting, skip, stamped } from "./machine.ts";
import type { Fault } from "./server.ts";

const made = skip ? undefined! : disk({ fs: "none", bytes: 6 * MiB });
const image = skip ? undefined! : serve(made);

/** A request without what is another's each time. */
const kindOf = (asked: string) => asked.replace(/\/[0-9a-f]{2}\/[0-9a-f]{64}/, "/CHUNK").replace(/[0-9a-f]{64}/, "IMAGE").replace(/by-[0-9a-f]{32}/, "by-CLAIMANT").replace(/[0-9a-f]{32}/, "NONCE");

const faults: Record<string, Fault> = { "500": { status: 500 }, "404": { status: 404 }, nothing: "empty", ...(process.env["NETBOOT_LONG"] && { silence: "stall" as const }) };

test("every request, answered for good by 500, 404 or nothing", { skip }, async (t) => {
  const begin = (t: Parameters<typeof setting>[0]) => setting(t, image, [{ name: "sda", size: 8 * MiB, zeroes: true }], { job: { verify: "stream" } });
  const first = await begin(t);
  // Whoever loses the answer to its claim asks whose it is.
  const lost = (asked: string, times: number): Fault => (asked.startsWith("MOVE") && times === 1 ? "lost" : undefined);
  first.master.fault = lost;
  assert.equal(await first.machine.run(), "reboots");
  const kinds = [...new Set(first.master.asked.map(kindOf))];
  t.diagnostic(kinds.join(", "));
  for (const words of [/^GET \/orders\/desk-01\/job/, /^GET \/images\/IMAGE\/index/, /CHUNK/, /^MOVE/, /by-CLAIMANT/, /^PUT \/claims\/NONCE\/done/, /^PUT \/reports/]) assert.ok(kinds.some((kind) => words.test(kind)), `${words}`);

  await t.test("one after the other", { concurrency: 2 }, async (t) => {
    for (const kind of kinds)
      for (const [name, fault] of Object.entries(faults))
        await t.test(`${kind}: ${name}`, async (t) => {
          const { machine, master } = await begin(t);
          let met = 0;
          master.fault = (asked, times) => (kindOf(asked) === kind ? (met++, fault) : kind.includes("by-") ? lost(asked, times) : undefined);
          const ended = await machine.run();
          assert.ok(met, "it was never asked");
          const whole = machine.disk().equals(stamped(made));
          assert.ok(whole || machine.disk().subarray(0, 4096).equals(Buffer.alloc(4096)), `${ended}: half of it can be booted`);
          assert.ok(whole || !machine.done, "it is said to be done");

          master.fault = () => undefined;
          assert.equal(await machine.run(), "reboots", machine.error);
          assert.ok(machine.disk().equals(stamped(made)));
          assert.ok(machine.done?.endsWith("end end\n"));
        });
  });
});
