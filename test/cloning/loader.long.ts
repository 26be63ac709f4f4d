// The boot loader of a cloned UEFI machine: where any firmware looks for it, out of the system's own folder, with the imaging system's own kernel; and what a firmware makes of it that knows of nothing.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { startClient } from "../lab/client.ts";
import { efiApplication } from "../lab/disk/code.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { digestOf, openStation, type Ordered } from "./station.ts";

const MiB = 1 << 20;
const shim = efiApplication(), grub = Buffer.from("GRUB"), keys = Buffer.from("MokManager"), theirs = Buffer.from("theirs");
const system = { "/EFI/DEBIAN/SHIMX64.EFI": shim, "/EFI/DEBIAN/GRUBX64.EFI": grub, "/EFI/DEBIAN/MMX64.EFI": keys };
const partitions: Record<string, Record<string, Buffer>> = {
    installed: system,
    ready: { ...system, "/EFI/BOOT/BOOTX64.EFI": theirs },
    bare: { "/EFI/DEBIAN/README.TXT": Buffer.from("no loader\n") },
};
const image = (name: string) => Buffer.concat([bootableDisk({ uefi: false, files: partitions[name]! }), Buffer.alloc(6 * MiB)]);
const images = Object.fromEntries(Object.keys(partitions).map((name) => [name, image(name)]));
const SIZE = images["bare"]!.length;

const short = (content: Buffer) => createHash("sha256").update(content).digest("hex").slice(0, 12);
const named = (files: Record<string, Buffer>) => Object.fromEntries(Object.entries(files).map(([path, content]) => [path.slice(1).toLowerCase(), short(content)]));

/** The files of the system partition, when the power has gone after the clone. */
async function files({ client }: Ordered): Promise<Record<string, string>> {
    await client.restart();
    client.type(`mount -t vfat -o ro,loop,offset=${MiB} /dev/vda /mnt && cd /mnt && find EFI -type f | while read f; do echo has $f $(sha256sum <$f | cut -c1-12); done; echo $((6 * 7))-files\n`);
    await client.waitFor(/^42-files/, 120_000);
    return Object.fromEntries(client.serial().flatMap((line) => { const [, path, sum] = /has (EFI\S+) (\w{12})$/.exec(line) ?? []; return path ? [[path.toLowerCase(), sum!]] : []; }));
}

test("a loader where firmware looks: put there out of the system's folder, left alone where one is, missed aloud where none is", { timeout: 3_600_000 }, async (t) => {
    await using station = await openStation(Object.fromEntries(Object.entries(images).map(([name, image]) => [name, { image }])));
    const begin = await station.quick(`${SIZE}`, { firmware: "uefi" });
    let written: Buffer | undefined;
    for (const name of Object.keys(images)) await t.test(name, async () => {
        const machine = await begin(name);
        await machine.finished();
        const said = machine.client.serial().join("\n");
        if (name === "installed") {
            written = gunzipSync(Buffer.from(await machine.client.exec("gzip -1 -c /machine/disk.img | base64 -w 0"), "base64"));
            assert.deepEqual(await files(machine), named({ ...system, "/EFI/BOOT/BOOTX64.EFI": shim, "/EFI/BOOT/GRUBX64.EFI": grub, "/EFI/BOOT/MMX64.EFI": keys }));
        } else {
            assert.equal((await machine.disk()).digest, digestOf(images[name]!), "not a bit is changed");
            assert.deepEqual(await files(machine), named(partitions[name]!));
        }
        assert.equal(/no boot loader was found for EFI\/BOOT\/BOOTX64\.EFI/.test(said), name === "bare", said.slice(-500));
        await machine.client.cutPower();
    });
    await t.test("a firmware that knows of nothing boots the disk, and not that of the image", async () => {
        const started = (name: string, disk: Buffer) => startClient(station.lab, { name, firmware: "uefi", mac: "52:54:00:00:0e:ff", disk, boot: ["disk"] });
        const cloned = await started("cloned", written!);
        await cloned.waitFor("local", 300_000);
        await cloned.stop();
        const golden = await started("golden", images["installed"]!);
        await golden.waitFor(/failed to load Boot\d+ "lab disk" .*: Not Found/, 300_000);
        await golden.stop();
    });
});
