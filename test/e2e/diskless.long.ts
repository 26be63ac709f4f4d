// Disks that are fresh at each boot, in numbers: many machines at once, a script that is killed at any moment, and one number that moves them forth and back.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startClient } from "../lab/client.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import { openSite, type Site } from "./cli.ts";

const STORE = "/srv/netboot/volumes";
const RUN = "/run/netboot/fresh";
const MACHINES = 64;
const MAC = "52:54:00:00:0e:01";
const image = Buffer.concat([bootableDisk(), Buffer.alloc(8 << 20)]);
const names = Array.from({ length: MACHINES }, (_, i) => `seat-${i + 1}`);
const last = (name: string) => 159 + Number(name.slice(5));

let lab: Lab;
let master: Master;
let site: Site;
let store: { unmount(): Promise<void> } | undefined;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    store = await mountStore(master, STORE);
    site = await openSite(lab, master, program());
    writeFileSync(join(site.folder, "golden.img"), image);
    await site.up();
});
after(async () => {
    site?.[Symbol.dispose]();
    await store?.unmount();
    await lab.close();
});

const program = ({ golden = "from: disk, history: 1", at = 1 } = {}) => `
const m = master({ storage: {} });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const disk = new netboot.DiskImage("golden", { master: m, source: "./golden.img" });
const golden = new netboot.Volume("golden", { master: m, ${golden} });
const address = (last) => site.require("address").replace(/[0-9]+$/, String(last));
const hex = (n) => n.toString(16).padStart(2, "0");
for (let n = 1; n <= ${MACHINES}; n++)
    new netboot.Machine(\`seat-\${n}\`, { master: m, mac: \`52:54:00:00:0e:\${hex(n)}\`, pool: lan, address: address(159 + n), boot: boot.diskless(golden, { persist: "discard", at: ${at} }) });
new netboot.Machine("teacher", { master: m, mac: "52:54:00:00:0e:ff", pool: lan, address: address(99), boot: boot.diskless(golden) });`;

const mark = (...of: string[]) => master.exec(of.map((name) => `printf ${name}! | dd of=${STORE}/golden+${name}/disk.1 bs=1M seek=20 conv=notrunc status=none`).join("\n"));
/** How the disks begin there; nothing where nobody has written. */
const marks = async (...of: string[]) => (await master.exec(of.map((name) => `dd if=${STORE}/golden+${name}/disk.1 bs=1M skip=20 count=1 status=none | head -c 12 | tr -d '\\0'; echo`).join("\n"))).trimEnd().split("\n");
/** As nginx leaves it of a machine's question; one number for all. */
async function ask(...of: string[]): Promise<string> {
    const number = randomBytes(16).toString("hex");
    await master.exec(`umask 022; cd ${RUN}/asked; for name in ${of.map((name) => `${lab.at(last(name))}-golden`).join(" ")}; do echo ${number} >../$name && mv ../$name .; done`);
    return number;
}
const answered = (number: string, machines: number) => until("fresh disks", 90_000, async () => Number(await master.exec(`find ${RUN}/done -name ${number} | wc -l`)) === machines || undefined);

test(`${MACHINES} machines that boot at once: each has a fresh disk, and a commit finds nothing to do`, async (t) => {
    await mark(...names);
    assert.deepEqual([...new Set(await marks(...names))].length, MACHINES);
    const began = Date.now();
    const number = await ask(...names);
    await answered(number, MACHINES);
    t.diagnostic(`${MACHINES} fresh disks in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    assert.deepEqual([...new Set(await marks(...names))], [""]);
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
});

test("killed at any moment: the next question is answered, and nobody else's disk is touched", async () => {
    const [one, other] = names as [string, string];
    await mark(other);
    for (let ms = 0; ms <= 400; ms += 25) {
        await mark(one);
        await ask(one);
        await master.exec(`sleep ${ms / 1000}; systemctl kill --signal=KILL netboot-fresh.service; systemctl reset-failed netboot-fresh.service`);
        const number = await ask(one);
        await answered(number, 1);
        assert.deepEqual(await marks(one, other), ["", `${other}!`], `killed after ${ms} ms`);
    }
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
});

test("one number moves a machine to another's disk, and back, at its next boot", { timeout: 600_000 }, async () => {
    await mark("teacher");
    site.program(program({ golden: 'from: { machine: "teacher" }, generation: 2, history: 1' }));
    await site.up();
    const client = await startClient(lab, { name: "seat-1", firmware: "bios", mac: MAC });
    for (const [at, found] of [[1, ""], [2, "teacher!"], [1, ""]] as const) {
        site.program(program({ golden: 'from: { machine: "teacher" }, generation: 2, history: 1', at }));
        await site.up();
        await mark("seat-1");
        await client.restart();
        await client.waitFor("local", 120_000);
        assert.deepEqual(await marks("seat-1"), [found]);
    }
    site.program(program({ golden: 'from: { machine: "teacher" }, generation: 2', at: 1 }));
    assert.match((await site.run(["preview"], { expect: "any" })).text, /boot\.at is 1, and golden is of generation 2 and keeps none before it/);
    await client.stop();
});
