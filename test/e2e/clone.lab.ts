// Disks cloned by declaration: a BIOS machine and one of a group, by UEFI, with empty disks, written once, from one stream, proved, and left alone ever after.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { efiApplication } from "../lab/disk/code.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { type Client, startClient } from "../lab/client.ts";
import { EMULATED } from "../lab/emulated.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { openSite, type Site } from "./cli.ts";

let lab: Lab;
let master: Master;
let site: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
});
after(async () => {
    site?.[Symbol.dispose]();
    await lab.close();
});

/** A loader where a system's installer leaves it, which no firmware knows of that has not been told; what it starts lies beside it. */
const system = bootableDisk({ uefi: false, files: { "/EFI/DEBIAN/SHIMX64.EFI": efiApplication(), "/EFI/DEBIAN/GRUBX64.EFI": Buffer.from("GRUB") } });
/** What boots, then noise and zeros, so that a part that is left out, twice there or in the wrong place shows. */
const SIZE = 80;
const content = Buffer.concat([system, randomBytes(12 << 20), Buffer.alloc(32 << 20), randomBytes(9 << 20)]);
const image = Buffer.concat([content, Buffer.alloc((SIZE << 20) - content.length)]);
const macs = { bios: "52:54:00:00:0c:01", uefi: "52:54:00:00:0c:02" };

const program = (generation: number, { more = "", confirmed = true } = {}) => `
const m = master({ imaging: { cmdline: "console=ttyS0 ${EMULATED}", multicast: { rate: "12m", machines: 2, wait: 300 } } });
new netboot.DhcpPool("lan", { master: m, subnet, range });
const classroom = new netboot.DiskImage("classroom", { master: m, source: site.require("image") });
const write = boot.clone(classroom, { disk: "only", generation: ${generation}, transport: "${generation === 1 ? "multicast" : "unicast"}" });
new netboot.Machine("bios", { master: m, mac: "${macs.bios}", boot: write });
new netboot.MachineGroup("seats", { master: m, match: { macs: ["${macs.uefi}"] }, boot: write${confirmed ? ", confirmErase: true" : ""} });
${more}`;

/** From where on in blocks of 4 KiB the disk is the image again: behind the stamps, and on UEFI behind the system partition, which the loader is copied in. */
const AGAIN = { bios: 256, uefi: system.length / 4096 };
type Firmware = keyof typeof AGAIN;
/** The disk as the client has it, but for that. */
async function diskDigest(client: Client): Promise<string> {
    const from = AGAIN[client.name as Firmware], piece = (skip: number, count: number) => `dd if=/machine/disk.img bs=4096 skip=${skip} count=${count} status=none`;
    return (await client.exec(`{ ${piece(0, 254)}; ${piece(from, (SIZE << 8) - from)}; } | sha256sum`)).split(" ")[0]!;
}
const expected = (firmware: Firmware) => createHash("sha256").update(image.subarray(0, 254 * 4096)).update(image.subarray(AGAIN[firmware] * 4096)).digest("hex");

const clients: Record<string, Client> = {};
const member = macs.uefi.replaceAll(":", "-");

test("the preview says which machines are erased, how many, and with what", async () => {
    site = await openSite(lab, master, program(1), { config: { image: "./classroom.img" } });
    writeFileSync(join(site.folder, "classroom.img"), image);
    const { text } = await site.run(["preview", "--diff"]);
    assert.match(text, /ERASES its only fixed disk, if it is blank or ours/);
    assert.match(text, /ERASES 1 machine: bios \(generation 1\)/);
    assert.match(text, new RegExp(`ERASES 1 machine: ${member} \\(generation 1\\)`));
    assert.match(text, /ERASES 1 machine: .*; 2 machines in this run so far, of at most 10 \(maxErase\)/);
    site.program(program(1, { confirmed: false }));
    assert.match((await site.run(["preview"], { expect: "any" })).text, /confirmErase is not true, and boot is a clone of classroom, which erases a disk of one machine/);
    site.program(program(1));
});

/** What the master has put on the wire. */
const sent = async () => Number(await master.exec("cat /sys/class/net/eth0/statistics/tx_bytes"));

test("two machines are cloned at once from one stream, proved, and boot their own disk", { timeout: 900_000 }, async (t) => {
    const up = await site.up();
    t.diagnostic(`up ${up.seconds.toFixed(1)} s`);
    const packed = Number(await master.exec("awk '$1 == \"part\" { n += $7 } END { print n }' /srv/netboot/http/images/*/index"));
    const began = Date.now();
    const both = await Promise.all((Object.keys(macs) as Firmware[]).map((firmware) => startClient(lab, { name: firmware, firmware, mac: macs[firmware], disk: "256M", memory: 1024 })));
    await Promise.all(both.map((client) => client.waitFor(/joins the session/, 600_000)));
    const before = await sent();
    await Promise.all(
        both.map(async (client) => {
            clients[client.name] = client;
            t.diagnostic(`${client.name}: ${(await client.waitFor(/by multicast: .* parts came/, 600_000)).detail}`);
            await client.waitFor("local", 600_000);
            t.diagnostic(`${client.name}: from power on to the cloned disk ${((Date.now() - began) / 1000).toFixed(0)} s`);
            assert.equal(await diskDigest(client), expected(client.name as Firmware));
        }),
    );
    const bytes = (await sent()) - before;
    t.diagnostic(`${packed} bytes packed, ${bytes} on the wire for two machines`);
    assert.ok(bytes < 1.5 * packed, "the wire carries the image about once");
});

test("status shows them done, and the next up writes that into the ledger", async () => {
    await until("both reports", 20_000, async () => (await master.exec("ls /srv/netboot/claims/*/done | wc -l")).trim() === "2");
    await site.run(["refresh", "--yes", "--skip-preview"]);
    site.program(program(1, { more: "// nothing new" }));
    await site.up({ args: ["--expect-no-changes"] });
});

test("rebooted, they boot their own disk without the imaging system", { timeout: 600_000 }, async () => {
    await Promise.all(
        Object.values(clients).map(async (client) => {
            await client.reboot();
            const seen: string[] = [];
            const off = client.onStage(({ stage }) => seen.push(stage));
            await client.waitFor("local", 300_000);
            off();
            assert.ok(!seen.includes("kernel"), seen.join(", "));
        }),
    );
});

test("a higher generation that the master does not get across erases nothing", { timeout: 600_000 }, async () => {
    site.program(program(2));
    await site.up();
    const { bios, uefi } = clients;
    await uefi!.stop();
    const all = () => bios!.exec("sha256sum /machine/disk.img");
    const then = await all(), file = "/etc/netboot/live/nginx.d/broken.conf";
    for (const answer of ["500", '200 ""']) {
        await master.exec(`mkdir -p ${dirname(file)} && echo 'location = /orders/bios/order.ipxe { return ${answer}; }' >${file} && systemctl restart netboot-http.service`);
        await bios!.reboot();
        await bios!.waitFor("local", 300_000);
        assert.ok(!bios!.stages.some(({ stage }) => stage === "kernel"), answer);
        assert.equal(await all(), then, answer);
    }
    assert.match(await master.exec("tail -n 5 /var/log/netboot/http-access.log"), /orders\/bios\/order\.ipxe HTTP\/1\.1" 200 0 /, "it was asked for, and was empty");
    await master.exec(`rm ${file} && systemctl restart netboot-http.service`);
});

test("a higher generation erases once more; a lower one is refused", { timeout: 900_000 }, async () => {
    const { bios } = clients;
    await bios!.exec("dd if=/dev/zero of=/machine/disk.img bs=1M seek=40 count=1 conv=notrunc status=none");
    await bios!.restart();
    await bios!.waitFor(/^netboot: imaging system/, 600_000);
    await bios!.waitFor("local", 600_000);
    assert.equal(await diskDigest(bios!), expected("bios"));
    site.program(program(1));
    const { text } = await site.up({ expect: 1 });
    // Both are refused; Pulumi's engine may end at the first of them.
    assert.match(text, new RegExp(`boot\\.generation is 1 for (bios|${member}), and 2 was ordered already`));
});
