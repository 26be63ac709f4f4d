// An installed system to four machines at the same time: each with its own connection to the master, and from one stream for all.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { debianDisk } from "../setup/where.mjs";
import { digestOf, openStation } from "./station.ts";

const image = zstdDecompressSync(readFileSync(debianDisk.packed));
const transports = ["unicast", "multicast"] as const;
const four = (transport: string) => ["one", "two", "three", "four"].map((name) => `${transport}-${name}`);

test("four disks are equal to their source", { timeout: 3 * 3_600_000 }, async (t) => {
    const orders = transports.flatMap((transport) => four(transport).map((name) => [name, { image, transport }] as const));
    // What four machines on two cores can write while it comes.
    await using station = await openStation(Object.fromEntries(orders), { imaging: { multicast: { rate: "8m", machines: 4, wait: 600 } } });
    const sent = async () => Number(await station.master.exec("cat /sys/class/net/eth0/statistics/tx_bytes"));
    for (const transport of transports)
        await t.test(`by ${transport}`, async (t) => {
            const [began, before] = [Date.now(), await sent()];
            await Promise.all(four(transport).map(async (name) => {
                const machine = await station.start(name, { disk: `${image.length}` });
                const said = transport === "multicast" ? (await machine.client.waitFor(/by multicast: .* parts came/, 3_600_000)).detail : "";
                await machine.finished();
                t.diagnostic(`${name}: ${((Date.now() - began) / 1000).toFixed(0)} s ${said}`);
                assert.equal((await machine.disk()).digest, digestOf(image), name);
                await machine.client.stop();
            }));
            t.diagnostic(`${(((await sent()) - before) / readFileSync(debianDisk.packed).length).toFixed(2)} times the packed file on the wire`);
        });
    assert.match(await station.master.exec("journalctl -u netboot-multicast.service --no-pager -o cat"), /: 4 machines$/m);
});
