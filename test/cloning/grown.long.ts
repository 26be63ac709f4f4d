// File systems that a real machine grows by mounting them, with the imaging system's own kernel and tools; and what is on the disk when its power has gone after that.
import assert from "node:assert/strict";
import { test } from "node:test";
import { disk } from "../imaging/image.ts";
import { skipMounted } from "../imaging/machine.ts";
import { openStation } from "./station.ts";

const MiB = 1 << 20;
const kinds = { xfs: 40, btrfs: 130 };
const LARGE = 400 * MiB;
const skip = skipMounted("xfs") || skipMounted("btrfs");

test("the last partition's file system grows, and its system has a name", { skip, timeout: 3_600_000 }, async (t) => {
    const orders = Object.entries(kinds).map(([fs, size]) => [fs, { image: disk({ fs: fs as keyof typeof kinds, size: size * MiB }), expand: "last" as const, hostname: "desk" }]);
    await using station = await openStation(Object.fromEntries(orders));
    t.diagnostic(await station.master.exec("cd /srv/netboot/http/imaging/* && stat -c '%n %s bytes' vmlinuz initrd"));
    const begin = await station.quick(`${LARGE}`);
    for (const fs of Object.keys(kinds)) await t.test(fs, async (t) => {
        const { client, finished } = await begin(fs);
        await finished();
        await client.restart();
        // It has not read the partition table that the disk has now.
        client.type(`mount -t ${fs} -o ro,loop,offset=${MiB} /dev/vda /mnt && echo has $(stat -fc '%b %S' /mnt) $(cat /mnt/etc/hostname)\n`);
        const { detail } = await client.waitFor(/has \d+ \d+ \S+$/, 120_000);
        const [, blocks, size, name] = /has (\d+) (\d+) (\S+)$/.exec(detail!)!;
        const bytes = Number(blocks) * Number(size);
        t.diagnostic(`${fs}: ${bytes} bytes`);
        assert.ok(bytes > LARGE - 16 * MiB && bytes < LARGE, `${bytes} bytes`);
        assert.equal(name, "desk");
        await client.cutPower();
    });
});
