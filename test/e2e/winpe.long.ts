// Windows PE with a disk of the master beside it, at BIOS and at UEFI, and what becomes of that disk when Windows PE cannot start. Nothing of Windows runs here.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bootableDisk, type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import { mountStore } from "../lab/store.ts";
import { winpe } from "../setup/where.mjs";
import { biosStandIn } from "../winpe/standIn.ts";
import { openSite, type Site } from "./cli.ts";

const STORE = "/srv/netboot/volumes";
const machines = { bios: { mac: "52:54:00:00:0e:01", number: 31 }, uefi: { mac: "52:54:00:00:0e:02", number: 32 } } as const;
type Name = keyof typeof machines;
const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");
const loaders: Record<Name, Buffer> = { bios: biosStandIn(), uefi: readFileSync(winpe.loader) };

let lab: Lab;
let master: Master;
let site: Site;
let store: { unmount(): Promise<void> } | undefined;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    store = await mountStore(master, STORE);
    site = await openSite(lab, master, "", { config: { media: winpe.media } });
    for (const [name, loader] of Object.entries(loaders)) writeFileSync(join(site.folder, name), loader);
    site.program(program());
    await site.up();
});
after(async () => {
    site?.[Symbol.dispose]();
    await store?.unmount();
    await lab?.close();
});

const program = ({ installed = false } = {}) => `
const m = master({ storage: {}, retries: { count: 1, waitSeconds: 1, stallSeconds: 30 } });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const blank = new netboot.Volume("blank", { master: m, size: "64MiB" });
const disk = boot.diskless(blank);
const at = (last) => site.require("address").replace(/[0-9]+$/, last);
${Object.entries(machines).map(([name, { mac, number }]) => `
const ${name} = new netboot.WinPeImage("${name}", { master: m, wimboot: { path: "./${name}", sha256: "${sha256(loaders[name as Name])}" }, source: site.require("media"), index: 2, gui: true });
new netboot.Machine("${name}-pc", { master: m, mac: "${mac}", pool: lan, address: at(${number}), firmware: "${name}", boot: ${installed ? "disk" : `boot.winpe(${name}, { disk })`} });`).join("")}`;

const sessions = async (name: Name) => (await master.exec("tgtadm -C 3261 --lld iscsi --op show --mode target")).split(/^Target/m).find((text) => text.includes(`:${name}-pc:blank`))!;
const folder = (name: Name) => `/srv/netboot/http${new URL(site.resources()[name]!.outputs.url).pathname}`;

for (const name of ["bios", "uefi"] as const)
    test(`${name}: the loader has its arguments and its files, and the machine's disk is attached`, { timeout: 500_000 }, async (t) => {
        const client = await startClient(lab, { name: `${name}-pc`, firmware: name, mac: machines[name].mac, memory: 1024 });
        const began = Date.now();
        await client.waitFor(/^WIMBOOT end/, 450_000);
        t.diagnostic(`${name}: from power on ${((Date.now() - began) / 1000).toFixed(0)} s`);
        const lines = client.serial();
        assert.match(lines.find((line) => line.startsWith("WIMBOOT arguments="))!, /gui index=2/);
        for (const file of ["BCD", "boot.sdi", "boot.wim"]) {
            const digest = (await master.exec(`sha256sum <${folder(name)}/${file}`)).slice(0, 64);
            // EFI's own words for a number are in capitals.
            assert.ok(lines.some((line) => line.toLowerCase() === `wimboot file=${file} sha256=${digest}`.toLowerCase()), `${file} ${digest}\n${lines.filter((line) => line.startsWith("WIMBOOT")).join("\n")}`);
        }
        assert.match(await sessions(name), new RegExp(`IP Address: ${lab.at(machines[name].number)}`));
        await client.stop();
    });

test("without its files the machine lets go of the master's disk and starts from its own", { timeout: 400_000 }, async () => {
    await master.exec(`mv ${folder("bios")}/boot.sdi /root/`);
    const client = await startClient(lab, { name: "bios-pc", firmware: "bios", mac: machines.bios.mac, disk: bootableDisk() });
    await client.waitFor("local", 350_000);
    assert.match(client.serial().join("\n"), /try 1 of 1 follows/);
    await client.stop();
    await master.exec(`mv /root/boot.sdi ${folder("bios")}/`);
});

test("once something is installed there, the machine starts from the same disk", { timeout: 500_000 }, async () => {
    const disk = bootableDisk();
    await master.container.copyContentToContainer([{ content: disk, target: "/root/installed" }]);
    await master.exec(`dd if=/root/installed of=${STORE}/blank+bios-pc/disk.1 bs=1M conv=notrunc status=none`);
    site.program(program({ installed: true }));
    await site.up();
    const client = await startClient(lab, { name: "bios-pc", firmware: "bios", mac: machines.bios.mac });
    await client.waitFor("local", 350_000);
    await client.stop();
});
