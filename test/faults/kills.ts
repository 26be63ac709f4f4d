// The provider's process is killed while the real command line applies a site, and the site is applied again. Nothing of it was written down by Pulumi but what had ended before.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { family } from "../pulumi/family.ts";
import type { Project } from "../pulumi/project.ts";

export type Version = "v1" | "v2";

/** Where the site is applied: a host, and the line to it, on which messages are counted. */
export interface World {
    project: Project;
    /** From now on: calls `kill` instead of passing on the n-th message; Infinity counts only. */
    arm(at: number, kill: () => void): void;
    /** Messages since then. */
    messages(): number;
    /** Brings the world to where this life begins, by `prepare`, or as it remembers it. */
    stand(life: string, prepare: () => Promise<unknown>): Promise<void>;
    /** What must hold whatever happened: nothing torn, the set in service whole. */
    whole(): Promise<void>;
    /** That it serves this version, as if nothing had happened; undefined: that it is bare. */
    holds(version: Version | undefined): Promise<void>;
}

export const project = { "Pulumi.yaml": "name: netboot-test\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n", "index.js": "" };
const program = (version: Version) => `
const pulumi = require("@pulumi/pulumi");
const { boot, DhcpPool, KernelImage, Machine, MasterServer } = require("pulumi-netboot");
const site = new pulumi.Config();
const master = new MasterServer("lab", { connection: site.requireObject("connection"), address: site.require("address")${version === "v2" ? ", retries: { count: 7 }" : ""} });
new DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range")${version === "v2" ? ', leaseTime: "1h"' : ""} });
new KernelImage("rescue", { master, kernel: site.require("kernel") });
for (const n of [1, 2, 3]) new Machine("m" + n, { master, mac: "52:54:00:00:00:0" + n, boot: boot.${version === "v1" ? "local" : "shell"}() });
`;

const run = (world: World, args: string[], version: Version, expect: number | "any" = 0) => {
    writeFileSync(join(world.project.folder, "index.js"), program(version));
    return world.project.run([...args, "--yes", "--skip-preview"], { expect });
};
const lives = [
    { name: "first up", prepare: (world: World) => run(world, ["destroy"], "v2"), args: ["up"], version: "v1", then: "v1" },
    { name: "update", prepare: (world: World) => run(world, ["up"], "v1"), args: ["up"], version: "v2", then: "v2" },
    { name: "destroy", prepare: (world: World) => run(world, ["up"], "v2"), args: ["destroy"], version: "v2", then: undefined },
] as const;

/** Pulumi's own process in which our provider runs, of a command line that this process has started. */
function killProvider(): void {
    const providers = family(process.pid).filter((pid) => pid !== process.pid && isProvider(pid));
    assert.ok(providers.length > 0, "there is no provider to kill");
    for (const pid of providers) process.kill(pid, "SIGKILL");
}

function isProvider(pid: number): boolean {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("dynamic-provider");
    } catch {
        return false; // it has just ended
    }
}

/** At one message in `every`, or at so many that there are `points` of them; `where` goes into the test's name. */
export function kills(where: string, open: () => Promise<World & AsyncDisposable>, { every = 1, points = Infinity }: { every?: number; points?: number } = {}): void {
    const at = Number.isFinite(points) ? "one message" : every === 1 ? "every message" : `one message in ${every}`;
    test(`the provider is killed at ${at} ${where}, in a first up, an update and a destroy`, async (t) => {
        await using world = await open();
        for (const { name, prepare, args, version, then } of lives) {
            const begin = () => world.stand(name, () => prepare(world));
            await begin();
            world.arm(Infinity, () => undefined);
            await run(world, [...args], version);
            const messages = world.messages();
            await world.holds(then);
            // Of a sample the first is early: packets fall together at times, and a run may have half as many as the one before.
            const step = Math.max(every, Math.floor(messages / (points + 3)));
            let killed = 0;
            for (let at = step; at <= messages && killed < points; at += step) {
                const what = `${name}, killed at message ${at} of ${messages}`;
                await begin();
                let fired = false;
                world.arm(at, () => {
                    fired = true;
                    killProvider();
                });
                const { code, text } = await run(world, [...args], version, "any");
                world.arm(Infinity, () => undefined);
                if (!fired) continue; // messages fall together at times, so that the last ones may never come
                killed++;
                assert.notEqual(code, 0, `${what}: the run did not fail\n${text}`);
                await world.whole();
                const again = await run(world, [...args], version, "any");
                assert.equal(again.code, 0, `${what}: the next run fails\n${again.text}`);
                await world.holds(then);
            }
            assert.ok(killed > 0, `${name}: nothing was killed`);
            t.diagnostic(`${name}: ${killed} of ${messages} messages`);
        }
    });
}
