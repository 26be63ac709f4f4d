// A whole clone by the real scripts: what is on the disk, what the machine says, and what it does then.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { grows, refused } from "./clones.ts";
import { disk, MiB, serve } from "./image.ts";
import { MACHINE, NONCE, setting, skip, skipLoop, stamped } from "./machine.ts";

const at = { concurrency: 2 };
const made = skip ? undefined! : disk();
const image = skip ? undefined! : serve(made);

test("a clone", { skip, ...at }, async (t) => {
  await t.test("of the disk's own size is the image, and the stamp", async (t) => {
    const { machine, master } = await setting(t, image, [{ name: "sda", size: 8 * MiB, serial: "S\\x221" }], { job: { hostname: undefined } });
    assert.equal(await machine.run(), "reboots", machine.output);
    assert.ok(machine.disk().equals(stamped(made)));
    assert.equal(machine.done, `nonce ${NONCE}\ngeneration 3\nimage ${image.digest}\nend end\n`);
    const stages = machine.reports.map(({ stage }) => stage);
    assert.deepEqual(stages.filter((stage, i) => stage !== stages[i - 1]), ["start", "disk", "claim", "write", "verify", "finish", "done"].filter((stage) => stage !== "verify" || stages.includes(stage)));
    const last = machine.reports.at(-1)!;
    assert.deepEqual({ ...last, time: 0 }, { machine: MACHINE, generation: 3, stage: "done", percent: 100, image: image.digest, disk: `sda (${8 * MiB} bytes, serial S/x221)`, time: 0 });
    const asked = master.asked.indexOf(`MOVE /claims/${NONCE}/open`);
    assert.ok(asked > master.asked.findIndex((line) => line.endsWith("/index")) && asked < master.asked.length - 5);
  });

  await t.test("that grows, and has a name", { skip: skipLoop }, (t) => grows(t, "gpt"));

  // The kernel of a test machine may not know FAT: here the copying alone, in a folder; all of it on a real machine in test/cloning/loader.long.ts.
  await t.test("for UEFI has a loader where any firmware looks, and the network stays first", async (t) => {
    const { machine } = await setting(t, image, [{ name: "sda", size: 8 * MiB }], { uefi: true });
    const esp = join(machine.root, "run/netboot/mnt/EFI");
    for (const name of ["shimx64.efi", "grubx64.efi"]) {
      mkdirSync(join(esp, "debian"), { recursive: true });
      writeFileSync(join(esp, "debian", name), name);
    }
    writeFileSync(join(machine.root, "sys/firmware/efi/efivars/BootOrder-1"), "");
    writeFileSync(join(machine.root, "bootorder"), "0001,0003,0000\n");
    machine.call("suffix=x64 fallback=BOOTX64.EFI; copy_loader; keep_network_first");
    assert.equal(readFileSync(join(machine.root, "bootorder"), "utf8"), "0003,0001,0000\n");
    assert.deepEqual(["BOOTX64.EFI", "grubx64.efi"].map((name) => readFileSync(join(esp, "BOOT", name), "utf8")), ["shimx64.efi", "grubx64.efi"]);
  });

  await t.test("that cannot be as ordered changes nothing", (t) => refused(t, ["logical", "too small"]));
});

test("as many parts are on their way as there are processors", { skip }, async (t) => {
  const PART = 64 * MiB, large = disk({ size: 2 * PART, fs: "none", bytes: 16 * MiB });
  randomBytes(16 * MiB).copy(large, PART);
  const served = serve(large);
  /** How many chunks are asked for at once, at most. The first answers wait a little for another question. */
  const atOnce = async (processors: number) => {
    const { machine, master } = await setting(t, served, [{ name: "sda", size: large.length, zeroes: true }], { job: { verify: "stream" } });
    let now = 0, most = 0, waits = 75;
    master.hold = async (asked) => {
      if (!asked.startsWith("GET /chunks/")) return;
      most = Math.max(most, ++now);
      for (let turns = 0; turns < 20 && now < 2 && waits-- > 0; turns++) await new Promise((next) => setTimeout(next, 20));
      now--;
    };
    assert.equal(await machine.run({ PROCESSORS: String(processors) }), "reboots", machine.error + machine.output);
    assert.ok(machine.disk().equals(stamped(large)));
    return most;
  };
  assert.deepEqual([await atOnce(1), await atOnce(2)], [1, 2]);
});

test("rescue does nothing, and says that it is there", { skip }, async (t) => {
  const { machine, master } = await setting(t, image, [{ name: "sda", size: 8 * MiB }]);
  machine.cmdline({ "netboot.order": undefined, "netboot.rescue": "1" });
  assert.equal(await machine.run(), "stays");
  assert.deepEqual([...new Set(master.asked)], [`PUT /reports/${MACHINE}/status`]);
  assert.equal(machine.reports[0]!["stage"], "shell");
});
