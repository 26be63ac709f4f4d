// One image to several machines at once: all that live have it whole, whatever becomes of the others, and the wire carried it about once.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { type Client, startClient } from "../lab/client.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { EMULATED } from "../lab/emulated.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { monitor } from "../lab/monitor.ts";
import { openSite, type Site } from "./cli.ts";

const MiB = 1 << 20;
const macs = { one: "52:54:00:00:0d:01", two: "52:54:00:00:0d:02", dying: "52:54:00:00:0d:03", late: "52:54:00:00:0d:04" };
type Name = keyof typeof macs;

export interface Class {
    /** Those who wait for each other. "dying" dies in the middle. */
    together: Name[];
    /** One who comes when the others have begun. */
    late?: Name;
    /** MiB of the disk, and where there is noise in it: from, length. */
    size: number;
    noise: (readonly [from: number, length: number])[];
    /** How often at most the wire carries the image, if all who stay keep up with the session. */
    times: number;
}

export function multicast({ together, late, size, noise, times }: Class): void {
    const names = [...together, ...(late ? [late] : [])];
    const living = names.filter((name) => name !== "dying");
    const image = Buffer.alloc(size * MiB);
    bootableDisk().copy(image);
    for (const [from, length] of noise) randomBytes(length * MiB).copy(image, from * MiB);
    const expected = createHash("sha256").update(image.subarray(0, 254 * 4096)).update(image.subarray(256 * 4096)).digest("hex");
    /** The disk's part that is the image's, but for the stamps: 8 KiB before the first MiB. */
    async function diskDigest(client: Client): Promise<string> {
        const piece = (skip: number, count: number) => `dd if=/machine/disk.img bs=4096 skip=${skip} count=${count} status=none`;
        return (await client.exec(`{ ${piece(0, 254)}; ${piece(256, (size << 8) - 256)}; } | sha256sum`)).split(" ")[0]!;
    }

    let lab: Lab;
    let master: Master;
    let site: Site;
    before(async () => {
        lab = await openLab();
        master = await startMaster(lab);
    });
    after(async () => {
        site?.[Symbol.dispose]();
        await lab.close();
    });
    const start = (name: Name) => startClient(lab, { name, firmware: "bios", mac: macs[name], disk: `${size + 12}M`, memory: 1024, cpus: 1 });
    /** What the master has put on the wire. */
    const sent = async () => Number(await master.exec("cat /sys/class/net/eth0/statistics/tx_bytes"));

    test("a master that can send to many is declared as any other", { timeout: 580_000 }, async () => {
        site = await openSite(lab, master, `
const m = master({ imaging: { cmdline: "console=ttyS0 ${EMULATED}", multicast: { rate: "4m", machines: ${together.length}, wait: 300 } } });
new netboot.DhcpPool("lan", { master: m, subnet, range });
const classroom = new netboot.DiskImage("classroom", { master: m, source: site.require("image") });
for (const [name, mac] of Object.entries(${JSON.stringify(Object.fromEntries(names.map((name) => [name, macs[name]])))}))
    new netboot.Machine(name, { master: m, mac, boot: boot.clone(classroom, { disk: "only", generation: 1, verify: "stream", transport: name === "one" ? "multicast" : "auto" }) });
`, { config: { image: "./classroom.img.zst" } });
        writeFileSync(join(site.folder, "classroom.img.zst"), zstdCompressSync(image));
        await site.up();
        assert.equal((await master.exec("systemctl is-active netboot-multicast.path")).trim(), "active");
        assert.match(await master.exec("systemctl show -p ActiveState netboot-multicast.service"), /inactive/);
    });

    test(`${together.length} machines wait for each other; one dies${late ? ", one comes late" : ""}, and all the others have the image`, { timeout: 1_500_000 }, async (t) => {
        const packed = Number(await master.exec("awk '$1 == \"part\" { n += $7 } END { print n }' /srv/netboot/http/images/*/index"));
        const clients = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await start(name)] as const)));
        const of = (some: readonly Name[]) => some.map((name) => clients[name]!);
        // Held just before it has an address, and let go when the others have begun.
        const held = late && clients[late]!.waitFor(/asking for an address/, 600_000).then(() => monitor(clients[late]!.container, "stop"));
        await Promise.all([held, ...of(together).map((client) => client.waitFor(/joins the session/, 600_000))]);
        // Listened for from now on: by the time that the others are done, it may have started anew.
        const tooLate = late && clients[late]!.waitFor(/has begun already/, 600_000);
        if (late) await monitor(clients[late]!.container, "cont");
        const before = await sent(), began = Date.now();
        const came = Promise.all(of(together.filter((name) => name !== "dying")).map((client) => client.waitFor(/by multicast: .* parts came/, 600_000)));
        await until("half of the image on the wire", 300_000, async () => ((await sent()) - before > packed / 2 ? true : undefined));
        await clients["dying"]!.stop();
        const words = (await came).map(({ detail }) => detail);
        t.diagnostic(`the session took ${((Date.now() - began) / 1000).toFixed(0)} s: ${words.join("; ")}`);
        // A machine that this host is too busy for is left behind, and fetches the rest by itself; the session is there for the others.
        const missed = words.map((text) => /(\d+) of (\d+) parts came/.exec(text)!).map(([, some, all]) => 1 - Number(some) / Number(all));
        assert.ok(missed.includes(0), "nobody has all of the image by multicast");
        t.diagnostic(await master.exec("journalctl -u netboot-multicast.service --no-pager -o cat"));
        await tooLate;
        await Promise.all(of(living).map((client) => client.waitFor("local", 900_000)));
        for (const client of of(living)) assert.equal(await diskDigest(client), expected, client.name);
        const bytes = (await sent()) - before;
        t.diagnostic(`${(packed / MiB).toFixed(1)} MiB packed, ${(bytes / MiB).toFixed(1)} MiB on the wire for ${names.length} machines`);
        const most = times + missed.reduce((sum, one) => sum + one, 0);
        assert.ok(bytes < most * packed, `${bytes} bytes for ${most} times ${packed}`);
    });
}
