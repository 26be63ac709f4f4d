// `npm run bench -- boots`: the same installed Debian, from power on to its login, from a disk of its own, from one of the master, and from that with a kernel by HTTP; one machine at a time, so that each has the processors to itself, in rounds, so that what else runs meets all of them.
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { openSite } from "../e2e/cli.ts";
import { type Client, type ClientOptions, startClient } from "../lab/client.ts";
import { ask, login } from "../lab/console.ts";
import { bootFiles } from "../lab/disk/bootFiles.ts";
import type { Lab } from "../lab/lab.ts";
import { startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import { templateDisk } from "../setup/where.mjs";
import type { Row } from "./table.ts";

const ROUNDS = 3;
const STORE = "/srv/netboot/volumes";
/** Each by its own boot loader, and by a kernel that is fetched by HTTP. */
const ways = ["bios", "uefi"].flatMap((firmware) => (["loader", "kernel"] as const).map((by) => ({ name: `${firmware}-${by}`, firmware: firmware as "bios" | "uefi", by })));
const macOf = (i: number) => `52:54:00:00:0b:0${i + 1}`;

const program = `
const m = master({ storage: {} });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const golden = new netboot.Volume("golden", { master: m, from: new netboot.DiskImage("debian", { master: m, source: "./debian.img.zst" }) });
const debian = new netboot.KernelImage("debian", { master: m, kernel: "./vmlinuz", initrds: ["./initrd.img"], cmdline: site.require("cmdline") });
const kernel = boot.kernel(debian);
${ways.map(({ name, by }, i) => `new netboot.Machine("${name}", { master: m, pool: lan, mac: "${macOf(i)}", address: site.require("address").replace(/[0-9]+$/, "${21 + i}"), boot: boot.diskless(golden${by === "kernel" ? ", { kernel }" : ""}) });`).join("\n")}`;

const median = (all: number[]) => all.sort((a, b) => a - b)[all.length >> 1]!;

interface Machine { name: string; client: Client; rounds: number[] }

/** Switched on until its login, and off again: seconds. */
async function start({ client }: Machine): Promise<number> {
    const { seconds } = await client.waitFor(/^golden login:/, 1_200_000);
    await login(client, "golden");
    await ask(client, "sync");
    await client.cutPower();
    return seconds;
}

export async function boots(lab: Lab, add: (row: Row) => void): Promise<void> {
    const master = await startMaster(lab);
    const store = await mountStore(master, STORE, "4G");
    try {
        const disk = zstdDecompressSync(readFileSync(templateDisk.packed));
        const files = join(lab.folder, "boot");
        mkdirSync(files);
        const cmdline = bootFiles(disk, files);
        using site = await openSite(lab, master, program, { config: { cmdline } });
        for (const name of ["vmlinuz", "initrd.img"]) symlinkSync(join(files, name), join(site.folder, name));
        symlinkSync(templateDisk.packed, join(site.folder, "debian.img.zst"));
        await site.up();
        const machines: Machine[] = [];
        // The first start, in which a machine becomes itself, does not count.
        const begin = async (options: ClientOptions) => {
            const machine = { name: options.name, client: await startClient(lab, { ...options, memory: 768 }), rounds: [] };
            await start(machine);
            machines.push(machine);
        };
        for (const firmware of ["bios", "uefi"] as const) await begin({ name: firmware, firmware, mac: "52:54:00:00:0b:0f", disk, boot: ["disk"] });
        for (const [i, { name, firmware }] of ways.entries()) await begin({ name, firmware, mac: macOf(i) });
        for (let n = 0; n < ROUNDS; n++)
            for (const machine of machines) {
                await machine.client.powerOn();
                machine.rounds.push(await start(machine));
            }
        for (const { name, rounds } of machines) console.log(`${name}: ${rounds.map((seconds) => seconds.toFixed(1)).join(", ")} s`);
        const took = Object.fromEntries(machines.map(({ name, rounds }) => [name, median(rounds)]));
        for (const firmware of ["bios", "uefi"]) {
            const what = `${firmware}: from power on to the login, with a disk of the master`;
            add({ what, seconds: took[`${firmware}-loader`]!, base: took[firmware]!, against: "with the same disk of its own" });
            add({ what: `${what}, its kernel by HTTP`, seconds: took[`${firmware}-kernel`]!, base: took[`${firmware}-loader`]!, against: "with the disk's own boot loader" });
        }
    } finally {
        await store.unmount();
    }
}
