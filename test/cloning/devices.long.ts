// Disks that fail, and a bit that tips over on the master: nothing is called done, and the report says what it was.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { bootableDisk } from "../lab/disk/image.ts";
import { digestOf, openStation, type Ordered } from "./station.ts";

const MiB = 1 << 20;
const image = () => Buffer.concat([bootableDisk(), randomBytes(9 * MiB)]).subarray(0, 24 * MiB);
const sound = image(), damaged = image();
const SIZE = `${24 * MiB}`;

/** QEMU's blkdebug: from the machine's side a bad sector. */
const bad = (what: "read" | "write", byte: number, more: string[] = []) => [["event=none"], [`iotype=${what}`], [`sector=${byte / 512}`], more].flat().map((setting) => `inject-error.0.${setting}`);
const at = 20 * MiB;

const cases: { name: string; faults: string[] | "read-only"; says: RegExp }[] = [
    { name: "unwritable", faults: bad("write", at), says: /vda .*cannot be written at .*: .*(Input\/output error|No space).*half-written and does not boot; / },
    { name: "unreadable", faults: bad("read", at), says: /vda .*cannot be read at .*: .*Input\/output error.*half-written and does not boot; replace the disk/ },
    { name: "headless", faults: bad("write", 0), says: /vda .*cannot be written at 0: .*no partition table: it does not boot; replace the disk/ },
    { name: "read-only", faults: "read-only", says: /no disk that may be written is that\. There are: vda \(.*read-only\); nothing on any disk was changed/ },
];

async function refused(machine: Ordered, says: RegExp): Promise<void> {
    await machine.stage("failed");
    const { stage, error = "" } = await machine.report();
    assert.deepEqual([stage, await machine.reported()], ["failed", false]);
    assert.match(error, says);
    assert.equal((await machine.disk()).bootable, false);
}

test("what fails is said, and does not boot", { timeout: 3_600_000 }, async (t) => {
    await using station = await openStation({ ...Object.fromEntries(cases.map(({ name }) => [name, { image: sound }])), hiccup: { image: sound }, flipped: { image: damaged } });
    await t.test("by disks", { concurrency: 2 }, (t) => Promise.all([
        ...cases.map(({ name, faults, says }) => t.test(name, async () => {
            const machine = await station.start(name, { disk: SIZE, faults });
            await refused(machine, says);
            await machine.client.stop();
        })),
        t.test("a bad sector that is well the second time", async () => {
            const machine = await station.start("hiccup", { disk: SIZE, faults: bad("write", at, ["once=on"]) });
            await machine.finished();
            assert.equal((await machine.disk()).digest, digestOf(sound));
            await machine.client.stop();
        }),
    ]).then(() => {}));

    await t.test("by a chunk on the master, until that is mended as the report says", async () => {
        const image = (await station.master.exec("sed -n 's/^image //p' /srv/netboot/http/orders/flipped/job")).trim();
        const digest = (await station.master.exec(`sed -n 11p /srv/netboot/http/images/${image}/part.0`)).trim();
        const file = `/srv/netboot/http/chunks/${digest.slice(0, 2)}/${digest}.zst`;
        await station.master.exec(`perl -e 'open F, "+<", $ARGV[0]; seek F, 1000, 0; read F, $b, 1; seek F, 1000, 0; print F chr(1 ^ ord $b)' ${file}`);
        const machine = await station.start("flipped", { disk: SIZE });
        await refused(machine, new RegExp(`the chunk ${digest} is damaged on the master: remove it there and say pulumi up --refresh; .*half-written`));
        await station.master.exec(`rm ${file}`);
        await station.site.run(["refresh", "--yes", "--skip-preview"]);
        await station.site.up();
        await machine.client.restart();
        await machine.finished();
        assert.equal((await machine.disk()).digest, digestOf(damaged));
    });
});
