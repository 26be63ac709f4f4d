// A world for kills.ts on a real master, behind a wire on which packets are counted.
import assert from "node:assert/strict";
import { differences, inWords, openLab, startMaster } from "../lab/index.ts";
import { openProject } from "../pulumi/project.ts";
import { settings } from "../e2e/site.ts";
import { startCutter } from "./cutter.ts";
import { project as files, type World } from "./kills.ts";
import { lifeOf } from "./lives.ts";

export async function labWorld(): Promise<World & AsyncDisposable> {
    const lab = await openLab();
    const master = await startMaster(lab, { daemons: true });
    const bare = await master.snapshot();
    const cutter = await startCutter(master.host, master.port);
    const { address, subnet, range } = settings(lab, master);
    const connection = { host: "127.0.0.1", port: cutter.port, hostKey: master.hostKey, privateKeyPath: master.privateKeyPath };
    const project = await openProject(files, { connection, address, subnet, range, kernel: import.meta.filename });
    const { whole, served } = lifeOf(master, cutter, subnet, range);
    return {
        project,
        arm: cutter.arm,
        messages: cutter.packets,
        stand: async (_life, prepare) => void (await prepare()),
        whole,
        async holds(version) {
            if (version) return served(version);
            assert.equal(inWords(differences(bare, await master.snapshot())), "");
        },
        async [Symbol.asyncDispose]() {
            project.remove();
            await cutter.close();
            await lab.close();
        },
    };
}
