// An installed system to four machines at the same time, each with its own connection to the master.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { debianDisk } from "../setup/where.mjs";
import { digestOf, openStation } from "./station.ts";

const image = zstdDecompressSync(readFileSync(debianDisk.packed));
const names = ["one", "two", "three", "four"];

test("four disks are equal to their source", { timeout: 3_600_000 }, async (t) => {
    await using station = await openStation(Object.fromEntries(names.map((name) => [name, { image }])));
    const began = Date.now();
    await Promise.all(names.map(async (name) => {
        const machine = await station.start(name, { disk: `${image.length}` });
        await machine.finished();
        t.diagnostic(`${name}: ${((Date.now() - began) / 1000).toFixed(0)} s`);
        assert.equal((await machine.disk()).digest, digestOf(image));
    }));
});
