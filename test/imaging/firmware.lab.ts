// Power cut in the midst of a clone, and no network at the next start: real firmware meets what the real scripts have left, and finds nothing to boot.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { biosCode, marker } from "../lab/disk/code.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { type Lab, openLab, startClient } from "../lab/index.ts";
import { MiB, serve } from "./image.ts";
import { setting, skip } from "./machine.ts";

let lab: Lab;
before(async () => void (lab = await openLab()));
after(() => lab?.close());

/** With a GPT: of that the copy at the disk's end comes first. */
function image(): Buffer {
  const file = join(lab.folder, "golden");
  writeFileSync(file, bootableDisk());
  execFileSync("/sbin/sfdisk", ["-q", "--wipe", "never", "--wipe-partitions", "never", file], { input: "label: gpt\nstart=2048, size=32768, type=uefi\n", stdio: ["pipe", "ignore", "ignore"] });
  const made = readFileSync(file);
  biosCode().copy(made);
  return made;
}

/** The disk after a clone, or when the power went before that write; and how many writes there were. */
async function cloned(t: TestContext, served: ReturnType<typeof serve>, cut = 0) {
  const { machine } = await setting(t, served, [{ name: "sda", size: 24 * MiB }]);
  assert.equal(await machine.run({ PROCESSORS: "1", CUT: `${cut}` }), cut ? "loses power" : "reboots", machine.error);
  return { disk: machine.disk(), writes: readFileSync(join(machine.root, "writes"), "utf8").length };
}

/** What each firmware says when it has tried the disk in vain, and when it goes on to the network. */
const firmwares = {
  bios: { vain: /Boot failed: not a bootable disk/, network: /iPXE initialising/ },
  uefi: { vain: /BdsDxe: failed to load Boot\d+ "lab disk" .*: Not Found/, network: /Start PXE over IPv4/ },
};

test("a disk whose clone lost its power before its first 4 KiB were written is booted by no firmware, and the finished one is", { skip, timeout: 300_000 }, async (t) => {
  const served = serve(image());
  const whole = await cloned(t, served);
  // The last three are those 4 KiB, and both stamps.
  const half = await cloned(t, served, whole.writes - 2);
  for (const [firmware, { vain, network }] of Object.entries(firmwares) as [keyof typeof firmwares, (typeof firmwares)["bios"]][])
    await t.test(firmware, async () => {
      const started = (name: string, { disk }: { disk: Buffer }) => startClient(lab, { name, firmware, mac: "52:54:00:00:0f:01", disk, boot: ["disk", "pxe"], advertisements: false });
      const cut = await started("cut", half);
      await cut.waitFor(vain, 60_000);
      // Who had a network would begin again from there; here nothing answers.
      await cut.waitFor(network, 60_000);
      assert.doesNotMatch(cut.serial().join("\n"), new RegExp(marker));
      const finished = await started("finished", whole);
      await finished.waitFor("local", 60_000);
      await Promise.all([cut, finished].map((client) => client.stop()));
    });
});
