// A clone from a master on Debian 13: its iPXE, its kernel, its tools, the whole way to the cloned disk, by UEFI.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { digestOf } from "../cloning/station.ts";
import { startClient } from "../lab/client.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { EMULATED } from "../lab/emulated.ts";
import { until } from "../lab/exec.ts";
import { openLab } from "../lab/lab.ts";
import { startMaster } from "../lab/master.ts";
import { openSite } from "./cli.ts";

const MiB = 1 << 20;

test("a clone from Debian 13, once", { timeout: 1_800_000 }, async (t) => {
    const image = Buffer.concat([bootableDisk(), randomBytes(9 * MiB), Buffer.alloc(72 * MiB)]).subarray(0, 72 * MiB);
    await using lab = await openLab();
    const master = await startMaster(lab, { debian: 13 });
    using site = await openSite(lab, master, `
const m = master({ imaging: { cmdline: "console=ttyS0 ${EMULATED}" } });
new netboot.DhcpPool("lan", { master: m, subnet, range });
const small = new netboot.DiskImage("small", { master: m, source: "./small.img.zst" });
new netboot.Machine("desk", { master: m, mac: "52:54:00:00:0d:13", boot: boot.clone(small, { disk: "only", generation: 1 }) });
`);
    writeFileSync(join(site.folder, "small.img.zst"), zstdCompressSync(image));
    t.diagnostic(`up ${(await site.up()).seconds.toFixed(0)} s`);
    const began = Date.now();
    const client = await startClient(lab, { name: "desk", firmware: "uefi", mac: "52:54:00:00:0d:13", disk: `${image.length}`, memory: 1024 });
    await client.waitFor("local", 1_200_000);
    t.diagnostic(`from power on to the cloned disk ${((Date.now() - began) / 1000).toFixed(0)} s`);
    const piece = (skip: number, count: number) => `dd if=/machine/disk.img bs=4096 skip=${skip} count=${count} status=none`;
    const digest = await client.exec(`{ ${piece(0, 254)}; ${piece(256, image.length / 4096 - 256)}; } | sha256sum`);
    assert.equal(digest.split(" ")[0], digestOf(image));
    await until("its report", 60_000, async () => ((await master.exec("ls /srv/netboot/claims/*")).includes("done") ? true : undefined));

    await client.reboot();
    const seen: string[] = [];
    const off = client.onStage(({ stage }) => seen.push(stage));
    await client.waitFor("local", 600_000);
    off();
    assert.ok(!seen.includes("kernel"), seen.join(", "));
});
