// Two images by multicast at the same time: one session after the other, and who waits for the second goes on waiting.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { bootableDisk } from "../lab/disk/image.ts";
import { digestOf, openStation } from "./station.ts";

const MiB = 1 << 20;
const image = () => Buffer.concat([bootableDisk(), randomBytes(9 * MiB)]).subarray(0, 24 * MiB);
const one = image(), two = image();
const orders = { "one-a": one, "one-b": one, "two-a": two, "two-b": two };

test("two images, each to two machines, all by multicast", { timeout: 3_600_000 }, async (t) => {
    // A session takes more than a minute, and machines wait 25 seconds for each other.
    await using station = await openStation(Object.fromEntries(Object.entries(orders).map(([name, image]) => [name, { image, transport: "multicast" as const }])), { imaging: { multicast: { rate: "1m", machines: 2, wait: 10 } } });
    const machines = await Promise.all(Object.keys(orders).map((name) => station.start(name, { disk: `${24 * MiB}` })));
    await Promise.all(machines.map(async (machine) => {
        const { detail } = await machine.client.waitFor(/by multicast: .*; the rest by unicast/, 1_800_000);
        t.diagnostic(`${machine.name}: ${detail}`);
        assert.match(detail, /by multicast: 1 of 1 parts came/, machine.name);
        await machine.finished();
        assert.equal((await machine.disk()).digest, digestOf(orders[machine.name as keyof typeof orders]), machine.name);
    }));
    const said = await station.master.exec("journalctl -u netboot-multicast.service --no-pager -o cat");
    t.diagnostic(said);
    assert.equal(said.match(/: 2 machines$/gm)?.length, 2, "a session for each image");
});
