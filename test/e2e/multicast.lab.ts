// One image to several machines at once: all that live have it whole, whatever becomes of the others, and the wire carried it about once.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { type Client, startClient } from "../lab/client.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { monitor } from "../lab/monitor.ts";
import { openSite, type Site } from "./cli.ts";

const MiB = 1 << 20;
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

/** Five parts, the last but one of them zeros, with noise in the others: about 40 MiB packed. */
const image = Buffer.alloc(288 * MiB);
bootableDisk().copy(image);
for (const [from, length] of [[64, 12], [130, 12], [190, 2], [262, 14]] as const) randomBytes(length * MiB).copy(image, from * MiB);

const macs = { one: "52:54:00:00:0d:01", two: "52:54:00:00:0d:02", dying: "52:54:00:00:0d:03", late: "52:54:00:00:0d:04" };
const program = `
const m = master({ imaging: { cmdline: "console=ttyS0 no_timer_check", multicast: { rate: "4m", machines: 3, wait: 300 } } });
new netboot.DhcpPool("lan", { master: m, subnet, range });
const classroom = new netboot.DiskImage("classroom", { master: m, source: site.require("image") });
for (const [name, mac] of Object.entries(${JSON.stringify(macs)}))
    new netboot.Machine(name, { master: m, mac, boot: boot.clone(classroom, { disk: "only", generation: 1, verify: "stream", transport: name === "one" ? "multicast" : "auto" }) });
`;

const start = (name: keyof typeof macs) => startClient(lab, { name, firmware: "bios", mac: macs[name], disk: "300M", memory: 1024, cpus: 1 });
/** What the master has put on the wire. */
const sent = async () => Number(await master.exec("cat /sys/class/net/eth0/statistics/tx_bytes"));

/** The disk's part that is the image's, but for the stamps: 8 KiB before the first MiB. */
async function diskDigest(client: Client): Promise<string> {
    const piece = (skip: number, count: number) => `dd if=/machine/disk.img bs=4096 skip=${skip} count=${count} status=none`;
    return (await client.exec(`{ ${piece(0, 254)}; ${piece(256, (288 << 8) - 256)}; } | sha256sum`)).split(" ")[0]!;
}
const expected = createHash("sha256").update(image.subarray(0, 254 * 4096)).update(image.subarray(256 * 4096)).digest("hex");

test("a master that can send to many is declared as any other", { timeout: 580_000 }, async () => {
    site = await openSite(lab, master, program, { config: { image: "./classroom.img.zst" } });
    writeFileSync(join(site.folder, "classroom.img.zst"), zstdCompressSync(image));
    await site.up();
    assert.equal((await master.exec("systemctl is-active netboot-multicast.path")).trim(), "active");
    assert.match(await master.exec("systemctl show -p ActiveState netboot-multicast.service"), /inactive/);
});

test("three machines wait for each other; one dies, one comes late, and all the others have the image", { timeout: 1_500_000 }, async (t) => {
    const packed = Number(await master.exec("awk '$1 == \"part\" { n += $7 } END { print n }' /srv/netboot/http/images/*/index"));
    const [one, two, dying, late] = await Promise.all([start("one"), start("two"), start("dying"), start("late")] as const);
    // Held just before it has an address, and let go when the others have begun.
    const held = late.waitFor(/asking for an address/, 600_000).then(() => monitor(late.container, "stop"));
    await Promise.all([held, ...[one, two, dying].map((client) => client.waitFor(/joins the session/, 600_000))]);
    // Listened for from now on: by the time that the others are done, it may have started anew.
    const tooLate = late.waitFor(/by multicast: /, 600_000);
    await monitor(late.container, "cont");
    const before = await sent(), began = Date.now();
    await new Promise((done) => setTimeout(done, 20_000));
    await dying.stop();
    const came = await Promise.all([one, two].map((client) => client.waitFor(/by multicast: .* parts came/, 600_000)));
    t.diagnostic(`the session took ${((Date.now() - began) / 1000).toFixed(0)} s: ${came.map(({ detail }) => detail).join("; ")}`);
    t.diagnostic(await master.exec("journalctl -u netboot-multicast.service --no-pager -o cat"));
    assert.match((await tooLate).detail, /has begun already/);
    await Promise.all([one, two, late].map((client) => client.waitFor("local", 900_000)));
    for (const client of [one, two, late]) assert.equal(await diskDigest(client), expected, client.name);
    const bytes = await sent() - before;
    // The late one had it by unicast: that leaves less than one image more for the other two.
    t.diagnostic(`${(packed / MiB).toFixed(1)} MiB packed, ${(bytes / MiB).toFixed(1)} MiB on the wire for three machines`);
    assert.ok(bytes < 2.6 * packed, `${bytes} bytes for three times ${packed}`);
});
