// Machines, their master and their cables fail all along a clone. Whatever happens, in the end the disk is the image, and was never called so before.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { bootableDisk } from "../lab/disk/image.ts";
import { until } from "../lab/exec.ts";
import { powerOff, powerOn } from "../lab/fault.ts";
import { disk } from "../imaging/image.ts";
import { digestOf, openStation, type Ordered, type Station } from "./station.ts";

const MiB = 1 << 20;
type Right = (machine: Ordered) => Promise<void>;
/** A stage that the machine reports, or how many writes after the accident before. */
type Point = string | number;

export interface Campaign {
    /** Of the whole disk; default two parts, with zeros in between. */
    image?: Buffer;
    /** How often the machine's power fails all along the way, or when; and how often while a partition is grown. */
    power: number | Point[];
    grown?: number;
    /** When the master's, and when the cable is out: a number is a part of a whole clone's writes. */
    master: Point[];
    cable: Point[];
}

const twoParts = () => Buffer.concat([bootableDisk(), randomBytes(20 * MiB), Buffer.alloc(32 * MiB), randomBytes(10 * MiB)]);

export function accidents({ image = twoParts(), power, grown = 0, master, cable }: Campaign): void {
    const size = image.length + 40 * MiB;
    const isImage: Right = async (machine) => assert.equal((await machine.disk()).digest, digestOf(Buffer.concat([image, Buffer.alloc(size - image.length)])));
    test("whatever fails during a clone, it ends right", { timeout: 6 * 3_600_000 }, async (t) => {
        const system = disk({ size: 40 * MiB });
        await using station = await openStation({
            ...Object.fromEntries(["whole", "power", "master", "cable"].map((name) => [name, { image }])),
            ...(grown ? Object.fromEntries(["known", "grown"].map((name) => [name, { image: system, expand: "last" as const, hostname: "desk" }])) : {}),
        });
        const begin = await station.quick(`${size}`);
        const counted = [power, ...master, ...cable].some((one) => typeof one === "number");
        const writes = { plain: counted ? await calm(await begin("whole"), isImage) : 0, grown: grown ? await calm(await begin("known"), isGrown) : 0 };
        if (counted) t.diagnostic(`${writes.plain} and ${writes.grown} writes`);
        await t.test("the power", (t) => powerCuts(t, station, begin("power"), typeof power === "number" ? ["start", "disk", "claim", ...spread(power, writes.plain)] : power, isImage));
        if (grown) await t.test("the power, while a partition is grown", (t) => powerCuts(t, station, begin("grown"), spread(grown, writes.grown), isGrown));
        await t.test("the master's power", (t) => interruptions(t, station, begin("master"), master, isImage, writes.plain, async (_, seconds) => {
            await powerOff(station.master);
            await pause(seconds);
            await powerOn(station.master);
            await until("the master", 300_000, async () => ((await fetch(`http://${station.master.host}/`).catch(() => undefined)) ? true : undefined));
        }));
        await t.test("the cable", (t) => interruptions(t, station, begin("cable"), cable, isImage, writes.plain, async ({ client }, seconds) => {
            await client.link(false);
            await pause(seconds * 4);                 // the longest is longer than a silent server is waited for
            await client.link(true);
        }));
    });
}

const pause = (seconds: number) => new Promise((next) => setTimeout(next, seconds * 1000));

/** Half of them evenly along the way, the others one by one at its beginning and its end, where each write says what the disk is. */
function spread(count: number, writes: number): number[] {
    const edge = Math.floor(count / 4), middle = count - 2 * edge;
    return [
        ...Array.from({ length: edge }, (_, i) => 1 + i),
        ...Array.from({ length: middle }, (_, i) => edge + Math.round(((i + 0.5) / middle) * (writes - 2 * edge))),
        ...Array.from({ length: edge }, (_, i) => writes - edge + 1 + i),
    ];
}

async function isGrown({ client }: Ordered): Promise<void> {
    await client.exec("dd if=/machine/disk.img of=/machine/root.img bs=1M skip=1 status=none && e2fsck -fn /machine/root.img");
    assert.equal(await client.exec("debugfs -R 'cat /etc/hostname' /machine/root.img 2>/dev/null"), "desk\n");
    assert.ok(Number(await client.exec("dumpe2fs -h /machine/root.img 2>/dev/null | sed -n 's/^Block count: *//p'")) > 100_000, "not grown");
}

/** A clone without accidents: how many writes is that? */
async function calm(machine: Ordered, right: Right): Promise<number> {
    await machine.finished();
    const writes = await machine.client.writes();
    await right(machine);
    await machine.client.cutPower();
    return writes;
}

async function powerCuts(t: TestContext, station: Station, begun: Promise<Ordered>, points: Point[], right: Right): Promise<void> {
    const machine = await begun;
    const { name, client } = machine;
    let cuts = 0, unfinished = 0;
    for (const point of points) {
        const cut = typeof point === "number" ? client.cutPower(point) : machine.stage(point).then(() => client.cutPower());
        const over = await Promise.race([cut.then(() => false), machine.finished().then(() => true)]);
        if (over) await client.cutPower();
        cuts++;
        const label = `${name}, cut at ${point}`;
        const { bootable } = await machine.disk();
        if (!bootable) unfinished++;
        if (bootable || (await machine.reported())) await right(machine).catch((error) => { throw new Error(`${label}: it boots, or is reported, and is not right`, { cause: error }); });
        await station.master.exec(`rm -f /srv/netboot/reports/${name}/status`);
        // This machine is given its order by hand; once it has reported, the master has none for it.
        await machine.powerOn();
        if (over || (await machine.reported())) break;
    }
    if (!(await machine.reported())) await machine.finished();
    await ended(station, machine, right);
    t.diagnostic(`${cuts} cuts, after ${unfinished} of them nothing to boot`);
}

async function interruptions(t: TestContext, station: Station, begun: Promise<Ordered>, points: Point[], right: Right, writes: number, fail: (machine: Ordered, seconds: number) => Promise<void>): Promise<void> {
    const machine = await begun;
    const done = machine.finished().then(() => true);
    let count = 0;
    for (const [i, point] of points.entries()) {
        const came = typeof point === "number" ? machine.client.writes((await machine.client.writes()) + Math.max(1, Math.round(point * writes))) : machine.stage(point);
        const over = await Promise.race([done, came.then(() => false)]);
        if (over) came.catch(() => undefined);
        await fail(machine, 0.5 + (i % 5) * 2);
        count++;
        if (over) break;
    }
    await done;
    await ended(station, machine, right);
    t.diagnostic(`${count} interruptions`);
}

/** One machine has claimed the order, once, and said that it is done. */
async function ended(station: Station, machine: Ordered, right: Right): Promise<void> {
    await until("its report", 600_000, async () => ((await machine.reported()) ? true : undefined));
    await right(machine);
    assert.equal((await station.master.exec(`grep -c ^ordered /var/lib/netboot-ledger/${machine.name}`)).trim(), "1");
    await machine.client.cutPower();
}
