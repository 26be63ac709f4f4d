// Machines that start the imaging system straight away, with an order in hand: a clone without the minute that firmware and network take.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { type Client, type ClientOptions, startClient } from "../lab/client.ts";
import { EMULATED } from "../lab/emulated.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { openSite, type Site } from "../e2e/cli.ts";

/** What `boot.clone` is told, but for the image. */
export interface Order {
    image: Buffer;
    expand?: "last";
    hostname?: string;
    transport?: "unicast" | "multicast";
}

export interface Station extends AsyncDisposable {
    lab: Lab;
    master: Master;
    site: Site;
    start(name: string, options: Partial<ClientOptions> & { disk: string }): Promise<Ordered>;
    /** One machine that has the imaging system in its memory already, to be each of those with an order, one after the other. */
    quick(disk: string, options?: Partial<ClientOptions>): Promise<(name: string) => Promise<Ordered>>;
}

/** A machine, and what is known of its order. */
export interface Ordered {
    name: string;
    client: Client;
    /** After a power cut. */
    powerOn(): Promise<void>;
    /** The clone is over: the machine says that its disk is done. */
    finished(): Promise<void>;
    /** What the master has of it. */
    report(): Promise<Record<string, string>>;
    /** The master hears of this stage. */
    stage(stage: string): Promise<void>;
    reported(): Promise<boolean>;
    /** Of all that is on the disk but the stamp; and whether a firmware finds anything to boot. */
    disk(): Promise<{ digest: string; bootable: boolean }>;
}

const STAMP = { first: 254, after: 256 };      // in blocks of 4 KiB

/** As `disk` tells it, of an image. */
export const digestOf = (image: Buffer) => createHash("sha256").update(image.subarray(0, STAMP.first * 4096)).update(image.subarray(STAMP.after * 4096)).digest("hex");

/** A master with an order for each machine, by name. */
export async function openStation(orders: Record<string, Order>, { imaging = {} }: { imaging?: object } = {}): Promise<Station> {
    const lab = await openLab();
    try {
        const master = await startMaster(lab, { daemons: true });
        const images = [...new Set(Object.values(orders).map(({ image }) => image))];
        const declared = Object.entries(orders).map(([name, { image, ...rest }], i) => ({ name, mac: mac(i), image: images.indexOf(image), clone: { disk: "only", generation: 1, then: "shell", ...rest } }));
        const site = await openSite(lab, master, `
            const m = master({ imaging: ${JSON.stringify(imaging)} });
            new netboot.DhcpPool("lan", { master: m, subnet, range });
            const images = ${JSON.stringify(images.map((_, i) => i))}.map((i) => new netboot.DiskImage("image" + i, { master: m, source: "./image" + i + ".zst" }));
            for (const { name, mac, image, clone } of ${JSON.stringify(declared)}) new netboot.Machine(name, { master: m, mac, boot: boot.clone(images[image], clone) });`);
        images.forEach((image, i) => writeFileSync(join(site.folder, `image${i}.zst`), zstdCompressSync(image)));
        await site.up();
        const id = (await master.exec("ls /srv/netboot/http/imaging")).trim();
        const [vmlinuz, initrd] = await Promise.all(["vmlinuz", "initrd"].map(async (name) => {
            const file = join(lab.folder, name);
            writeFileSync(file, Buffer.from(await (await fetch(`http://${master.host}/imaging/${id}/${name}`)).arrayBuffer()));
            return file;
        })) as [string, string];
        const macOf = (name: string) => declared.find((one) => one.name === name)?.mac ?? mac(declared.length);
        const nonceOf = async (name: string) => (await master.exec(`sed -n 's/^nonce //p' /srv/netboot/http/orders/${name}/job`)).trim();
        const words = (machine: string, mac: string, what: string) => `netboot.master=http://${master.host} netboot.machine=${machine} netboot.mac=${mac} netboot.${what}`;
        const boot = (name: string, what: string, options: Partial<ClientOptions>) =>
            startClient(lab, { name, firmware: "bios", mac: macOf(name), memory: 768, ...options, kernel: { vmlinuz, initrd, cmdline: `console=ttyS0 quiet ${EMULATED} netboot.shell=1 ${words(name, macOf(name), what)}` } });
        const start: Station["start"] = async (name, options) => {
            const nonce = await nonceOf(name);
            const client = await boot(name, `order=${nonce}`, options);
            return ordered(client, master, name, nonce, () => client.powerOn());
        };
        const quick: Station["quick"] = async (disk, options) => {
            const client = await boot("quick", "rescue=1", { ...options, disk });
            await client.waitFor(/^# /, 600_000);
            client.type("for p in /proc/[0-9]*; do grep -qs netboot/run $p/cmdline && kill ${p#/proc/}; done; exit\n");
            await client.waitFor(/a root shell on ttyS0/, 600_000);
            // What it knows of the disk must be the disk's own word each time.
            client.type("sync; echo 3 > /proc/sys/vm/drop_caches; echo $((6 * 7))-ready\n");
            await client.waitFor(/^42-ready/, 600_000);
            await client.save();
            return async (name) => {
                const nonce = await nonceOf(name);
                const powerOn = async () => {
                    await client.powerOn();
                    client.type(`echo ${words(name, macOf("quick"), `order=${nonce}`)} > /tmp/words; mount --bind /tmp/words /proc/cmdline; /netboot/run\n`);
                };
                await client.exec(`truncate -s 0 /machine/disk.img; truncate -s ${disk} /machine/disk.img`);
                await powerOn();
                return ordered(client, master, name, nonce, powerOn);
            };
        };
        return { lab, master, site, start, quick, [Symbol.asyncDispose]: async () => (site[Symbol.dispose](), lab.close()) };
    } catch (error) {
        await lab.close();
        throw error;
    }
}

const mac = (i: number) => `52:54:00:00:0e:${(i + 1).toString(16).padStart(2, "0")}`;

function ordered(client: Client, master: Master, name: string, nonce: string, powerOn: () => Promise<void>): Ordered {
    const status = `/srv/netboot/reports/${name}/status`;
    const ended = async () => (await client.waitFor(/^FAILED: .*; | is done$| is done already/, 1_800_000)).detail;
    return {
        name, client, powerOn,
        finished: async () => assert.doesNotMatch(await ended(), /^FAILED/),
        report: async () => JSON.parse(await master.exec(`cat ${status}`)),
        stage: async (stage) => void (await master.exec(`timeout 900 sh -c 'until grep -qs "stage.:.${stage}" ${status}; do sleep 0.02; done'`)),
        reported: async () => (await master.exec(`ls /srv/netboot/claims/${nonce}`)).split("\n").includes("done"),
        async disk() {
            const from = (skip: number, count?: number) => `dd if=/machine/disk.img bs=4096 skip=${skip} ${count ? `count=${count}` : ""} status=none`;
            const text = await client.exec(`{ ${from(0, STAMP.first)}; ${from(STAMP.after)}; } | sha256sum | cut -c1-64; ${from(0, 1)} | tr -d '\\0' | wc -c`);
            const [digest, head] = text.trim().split("\n") as [string, string];
            return { digest, bootable: head.trim() !== "0" };
        },
    };
}
