// Whatever a server answers a machine that has an order, before the imaging system runs: a finished disk is not erased, and the machine ends at it; when the server is well again, the order is followed.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { digestOf } from "../cloning/station.ts";
import { type Client, startClient } from "../lab/client.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { EMULATED } from "../lab/emulated.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { openSite, type Site } from "./cli.ts";
import { type Plan, sabotage, type Saboteur } from "./saboteur.ts";

const MiB = 1 << 20;
const firmwares = ["bios", "uefi"] as const;
type Firmware = (typeof firmwares)[number];
const image = Buffer.concat([bootableDisk(), randomBytes(9 * MiB), Buffer.alloc(72 * MiB)]).subarray(0, 72 * MiB);

let lab: Lab, master: Master, site: Site, saboteur: Saboteur;
const clients: Partial<Record<Firmware, Client>> = {};
const address = (firmware: Firmware) => lab.at(31 + firmwares.indexOf(firmware));
const mac = (firmware: Firmware) => `52:54:00:00:0f:0${1 + firmwares.indexOf(firmware)}`;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
});
after(async () => {
    await saboteur?.[Symbol.asyncDispose]();
    site?.[Symbol.dispose]();
    await lab.close();
});

const program = (generation: number) => `
const m = master({ imaging: { cmdline: "console=ttyS0 ${EMULATED}" }, retries: { count: 1, waitSeconds: 1, stallSeconds: 3 } });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const small = new netboot.DiskImage("small", { master: m, source: "./small.img.zst" });
for (const it of ${JSON.stringify(firmwares.map((name) => ({ name, mac: mac(name), address: address(name) })))})
    new netboot.Machine(it.name, { master: m, pool: lan, mac: it.mac, address: it.address, boot: boot.clone(small, { disk: "only", generation: ${generation} }) });
`;
/** Every byte of the disk, stamps as well. */
const disk = async (client: Client) => (await client.exec("sha256sum /machine/disk.img")).slice(0, 64);
async function isImage(client: Client): Promise<void> {
    const piece = (skip: number, count: number) => `dd if=/machine/disk.img bs=4096 skip=${skip} count=${count} status=none`;
    const text = await client.exec(`{ ${piece(0, 254)}; ${piece(256, image.length / 4096 - 256)}; } | sha256sum`);
    assert.equal(text.slice(0, 64), digestOf(image));
}
/** How many machines have reported this generation done, and how many orders nobody has begun with. */
const reported = async (generation: number) => Number(await master.exec(`grep -lsx 'generation ${generation}' /srv/netboot/claims/*/done | wc -l`));
const untouched = async () => Number(await master.exec("ls /srv/netboot/claims/*/open 2>/dev/null | wc -l"));

test("two machines are cloned, and a higher generation is ordered", { timeout: 1_800_000 }, async () => {
    site = await openSite(lab, master, program(1));
    writeFileSync(join(site.folder, "small.img.zst"), zstdCompressSync(image));
    await site.up();
    await Promise.all(firmwares.map(async (firmware) => {
        const client = (clients[firmware] = await startClient(lab, { name: firmware, firmware, mac: mac(firmware), disk: `${image.length}`, memory: 1024, cpus: 1 }));
        await client.waitFor("local", 1_200_000);
        await isImage(client);
    }));
    await until("both reports", 60_000, async () => ((await reported(1)) === 2 ? true : undefined));
    site.program(program(2));
    await site.up();
    assert.equal(await untouched(), 2);
    saboteur = await sabotage(lab, master);
});

interface Case {
    name: string;
    plan: Plan;
    /** All that the machine was answered. */
    told: string[];
}
const order = (...faults: NonNullable<Plan["order"]>): Case => ({ name: `the order: ${faults}`, plan: { order: faults }, told: ["boot pass", ...faults.map((fault) => `order ${fault}`)] });
const cases: Case[] = [
    ...(["500", "404", "empty", "stall", "halt", "cut"] as const).map((fault) => order(fault)),
    { name: "the order without its nonce", plan: { order: [{ text: "#!ipxe\nset netboot-order\n" }] }, told: ["boot pass", "order text"] },
    { name: "the order without its second line", plan: { order: [{ text: "#!ipxe\n" }] }, told: ["boot pass", "order text"] },
    { name: "the imaging system's kernel: a server error, then a stall", plan: { kernel: ["500", "stall"] }, told: ["boot pass", "order pass", "kernel 500", "order pass", "kernel stall"] },
    { name: "the imaging system's kernel: empty, then not found", plan: { kernel: ["empty", "404"] }, told: ["boot pass", "order pass", "kernel empty", "order pass", "kernel 404"] },
    { name: "its RAM disk: cut off, then halting half-way", plan: { initrd: ["cut", "halt"] }, told: ["boot pass", "order pass", "kernel pass", "initrd cut", "order pass", "kernel pass", "initrd halt"] },
    { name: "its RAM disk is not found, and at the next try the order fails", plan: { order: ["pass", "500"], initrd: ["404"] }, told: ["boot pass", "order pass", "kernel pass", "initrd 404", "order 500"] },
];

describe("a finished disk with a new order, and the server fails", { concurrency: 2 }, () => {
    for (const firmware of firmwares)
        describe(firmware, { concurrency: 1 }, () => {
            for (const { name, plan, told } of cases)
                test(name, { timeout: 300_000 }, async () => {
                    const client = clients[firmware]!, then = await disk(client);
                    saboteur.plan(address(firmware), plan);
                    await client.restart();
                    await client.waitFor("local", 240_000);
                    assert.deepEqual(saboteur.told(address(firmware)), told);
                    assert.ok(!client.stages.some(({ stage, detail }) => stage === "kernel" && detail.startsWith("Linux")), "the imaging system ran");
                    assert.equal(await disk(client), then);
                });
        });
});

test("half a nonce: the imaging system says so, and touches nothing", { timeout: 900_000 }, async () => {
    await Promise.all(firmwares.map(async (firmware) => {
        const client = clients[firmware]!, then = await disk(client);
        saboteur.plan(address(firmware), { order: [{ text: "#!ipxe\nset netboot-order 0123456789abcdef" }] });
        await client.restart();
        await client.waitFor(/^FAILED: the kernel argument netboot\.order is "0123456789abcdef"; nothing on any disk was changed/, 600_000);
        assert.equal(await disk(client), then);
    }));
    assert.equal(await untouched(), 2, "no order was taken");
});

test("the RAM disk on the master has lost its content: it is not there, and the disk is booted", { timeout: 600_000 }, async () => {
    await master.exec("cd /srv/netboot/http/imaging/* && cp -p initrd /root && : >initrd");
    await Promise.all(firmwares.map(async (firmware) => {
        const client = clients[firmware]!, then = await disk(client);
        saboteur.plan(address(firmware), {});
        await client.restart();
        await client.waitFor("local", 300_000);
        const once = ["order pass", "kernel pass", "initrd pass"];
        assert.deepEqual(saboteur.told(address(firmware)), ["boot pass", ...once, ...once]);
        assert.equal(await disk(client), then);
    }));
    await master.exec("cp -p /root/initrd /srv/netboot/http/imaging/*/");
});

// Not of a BIOS: iPXE never comes back from starting a kernel with an empty RAM disk there, and this server is not the master's own.
test("a RAM disk that came empty with status 200: the kernel restarts, the machine asks again, and is cloned", { timeout: 1_800_000 }, async () => {
    const client = clients.uefi!;
    saboteur.plan(address("uefi"), { initrd: ["empty"] });
    await client.restart();
    await client.waitFor(/Kernel panic - not syncing: VFS/, 600_000);
    assert.equal(await untouched(), 2, "no order was taken");
    await client.waitFor(/^netboot: imaging system/, 900_000);
    await client.waitFor("local", 1_200_000);
    await isImage(client);
    const once = ["boot pass", "order pass", "kernel pass"];
    assert.deepEqual(saboteur.told(address("uefi")).slice(0, 8), [...once, "initrd empty", ...once, "initrd pass"]);
    await until("its report", 60_000, async () => ((await reported(2)) === 1 ? true : undefined));
    assert.equal(await untouched(), 1);
});
