// `npm run bench -- diskless`: copies of one golden disk, from the declaration to the offer; ours against Pulumi's own time and against bare commands.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { openSite, type Site } from "../e2e/cli.ts";
import { site as siteOf } from "../e2e/site.ts";
import { MIB, noise } from "../image/disk.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import type { Lab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import { counted } from "./counted.ts";
import { floor } from "./programs.ts";
import type { Row } from "./table.ts";

const STORE = "/srv/netboot/volumes";
const GOLDEN = `${STORE}/golden/disk.1`;

/** The first `count` of many machines, each with its own copy of the golden disk; the master and the golden disk alone with 0. */
const program = (count: number) => `
const m = master({ storage: {} });
const lan = new netboot.DhcpPool("lan", { master: m, subnet: "10.99.0.0/16", relay: true, router: "10.99.0.1" });
const golden = new netboot.Volume("golden", { master: m, from: new netboot.DiskImage("golden", { master: m, source: "./golden.img.zst" }) });
const of = (i) => [i >> 8, i & 255];
const machines = Object.fromEntries(Array.from({ length: ${count} }, (_, i) => ["pc-" + i, { mac: "52:54:00:0b:" + of(i).map((n) => n.toString(16).padStart(2, "0")).join(":"), address: "10.99." + of(i + 256).join("."), boot: boot.diskless(golden, { generation: 1 }) }]));
if (${count} > 0) new netboot.Fleet("seats", { master: m, pool: lan, machines });
`;

/** What somebody would type: a copy and a target for each. */
const byHand = (count: number) => `mkdir ${STORE}/.hand; t="tgtadm -C 3261 --lld iscsi"; s=$(date +%s%N)
for i in $(seq ${count}); do cp --reflink=always ${GOLDEN} ${STORE}/.hand/$i; done
for i in $(seq ${count}); do n=$((5000 + i)); $t --op new --mode target --tid $n -T iqn.2024-07.example:$i; $t --op new --mode logicalunit --tid $n --lun 1 -b ${STORE}/.hand/$i; $t --op bind --mode target --tid $n -I 10.99.1.1; done
echo $((($(date +%s%N) - s) / 1000000))
for i in $(seq ${count}); do $t --op delete --force --mode target --tid $((5000 + i)); done; rm -r ${STORE}/.hand`;

const UP = ["up", "--yes", "--skip-preview"];

/** What Pulumi itself takes for as many resources: master, pool, image, volume and fleet. */
async function engine(lab: Lab, master: Master): Promise<number> {
    using project = await siteOf(lab, master, floor(5));
    return (await project.run(UP)).seconds;
}

const used = async (master: Master) => Number(await master.exec(`df -B1 --output=used ${STORE} | tail -n 1`));

export async function diskless(lab: Lab, add: (row: Row) => void): Promise<void> {
    const master = await startMaster(lab);
    const store = await mountStore(master, STORE, "8G");
    try {
        using site = await openSite(lab, master, program(0));
        const boot = bootableDisk();
        const image = Buffer.concat([boot, noise("golden", 128 * MIB), Buffer.alloc(384 * MIB - boot.length)]);
        writeFileSync(join(site.folder, "golden.img.zst"), zstdCompressSync(image));
        await site.up();
        const many = await grown(site, master, 256);
        add({ what: "256 copies of a golden disk of 512 MiB, from declared to offered", seconds: many.seconds, base: 1.3 * (await engine(lab, master)) + 5, against: "1.3 × the floor of as many resources + 5 s", aim: 1, costs: many.costs });
        add({ what: "256 copies of a golden disk of 512 MiB, from declared to offered", seconds: many.seconds, base: Number(await master.exec(byHand(256))) / 1000, against: "cp --reflink and tgtadm by hand, without Pulumi, proof or record", aim: 10 });
        const more = await grown(site, master, 1000);
        const each = (what: { seconds: number; bytes: number }, count: number) => `${((1000 * what.seconds) / count).toFixed(1)} ms and ${(what.bytes / count / 1024).toFixed(1)} KiB`;
        add({ what: "744 more copies, for each", seconds: more.seconds / 744, base: many.seconds / 256, against: "each of the first 256", aim: 1.1, costs: more.costs });
        console.log(`each of the first 256: ${each(many, 256)}; each of 744 more: ${each(more, 744)}`);
        await site.destroy();
    } finally {
        await store.unmount();
    }
}

async function grown(site: Site, master: Master, count: number) {
    const before = await used(master);
    site.program(program(count));
    const { seconds, costs } = await counted(site, UP);
    return { seconds, costs, bytes: (await used(master)) - before };
}
