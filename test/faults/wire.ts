import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, inWords, openLab, startMaster } from "../lab/index.ts";
import type { MasterOptions } from "../lab/master.ts";
import { startCutter } from "./cutter.ts";
import { lifeOf } from "./lives.ts";

/**
 * The wire to a real master's sshd is cut at packets all along a first up, an update and a destroy; each time the run is made again. It converges, nothing is torn,
 * no restart is lost, and in the end nothing of ours is left. `points` is how many packets of each are tried, evenly spread; Infinity tries each, or one in `every`. On a bare master packages come and go each time too.
 */
export function cuts(points: number, options: MasterOptions & { every?: number } = {}): void {
    test(`the wire to a real master is cut at ${points === Infinity ? `one packet in ${options.every ?? 1}` : `${points} packets`} of a first up, an update and a destroy`, async (t) => {
        await using lab = await openLab();
        const master = await startMaster(lab, options);
        const cutter = await startCutter(master.host, master.port);
        const life = lifeOf(master, cutter, lab.network.subnet, `${lab.at(100)}-${lab.at(150)}`);
        const moments = [
            { name: "first up", before: () => life.destroy(), run: () => life.up("v1"), holds: () => life.served("v1") },
            { name: "update", before: () => life.up("v1"), run: () => life.up("v2"), holds: () => life.served("v2") },
            { name: "destroy", before: () => life.up("v2"), run: () => life.destroy(), holds: async () => undefined },
        ];
        const bare = await master.snapshot();
        try {
            for (const { name, before, run, holds } of moments) {
                cutter.arm(Infinity);
                assert.deepEqual(await before(), []);
                cutter.arm(Infinity);
                assert.deepEqual(await run(), []);
                const packets = cutter.packets();
                let cut = 0;
                const step = Math.max(options.every ?? 1, packets / points);
                for (let at = step; at <= packets; at += step) {
                    cutter.arm(Infinity);
                    assert.deepEqual(await before(), []);
                    cutter.arm(Math.floor(at));
                    await run();
                    if (cutter.hasCut()) cut++;
                    cutter.arm(Infinity);
                    await life.whole();
                    assert.deepEqual(await run(), [], `${name}, cut at packet ${Math.floor(at)} of ${packets}: the next run fails`);
                    await holds();
                }
                // Packets fall together at times, so that the last one may never come.
                assert.ok(cut > 0, `${name}: nothing was cut`);
                t.diagnostic(`${name}: ${packets} packets`);
            }
            assert.deepEqual(await life.destroy(), []);
            assert.equal(inWords(differences(bare, await master.snapshot())), "");
        } finally {
            await cutter.close();
        }
    });
}
