// Nothing of a lab stays behind, however its process ends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { docker } from "./docker.ts";
import { labLabel, sweep } from "./owner.ts";

/** A process that opens a lab, says its name, and is then in the middle of starting a master. */
const program = `
    const { openLab } = await import(${JSON.stringify(join(import.meta.dirname, "lab.ts"))});
    const { startMaster } = await import(${JSON.stringify(join(import.meta.dirname, "master.ts"))});
    const lab = await openLab();
    console.log(lab.id);
    if (process.argv[1] === "exit") setTimeout(() => process.exit(3), 300);
    await startMaster(lab);
    await startMaster(lab, { address: lab.at(5) });
    console.log("started");
    setInterval(() => {}, 1000);`;

async function run(mode = "") {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, mode], { stdio: ["ignore", "pipe", "inherit"] });
    const [id] = await once(child.stdout, "data");
    return { child, id: String(id).trim() };
}

async function left(id: string): Promise<number> {
    const { dockerode } = await docker();
    const filters = { label: [`${labLabel}=${id}`] };
    const [containers, networks] = await Promise.all([dockerode.listContainers({ all: true, filters }), dockerode.listNetworks({ filters })]);
    return containers.length + networks.length;
}

for (const delay of [0, 150, 400, 900])
    test(`Ctrl-C ${delay} ms into a start`, async () => {
        const { child, id } = await run();
        await new Promise((next) => setTimeout(next, delay));
        child.kill("SIGINT");
        const [code] = await once(child, "exit");
        assert.equal(code, 130);
        assert.equal(await left(id), 0);
    });

test("process.exit() in the middle of a start", async () => {
    const { child, id } = await run("exit");
    const [code] = await once(child, "exit");
    assert.equal(code, 3);
    assert.equal(await left(id), 0);
});

test("a run that was killed hard is swept by the next; one that lives is not", async () => {
    const [dead, alive] = [await run(), await run()];
    dead.child.kill("SIGKILL");
    await once(dead.child, "exit");
    assert.notEqual(await left(dead.id), 0);
    const swept = await sweep();
    assert.ok(swept.includes(dead.id) && !swept.includes(alive.id));
    assert.equal(await left(dead.id), 0);
    assert.notEqual(await left(alive.id), 0);
    alive.child.kill("SIGTERM");
    assert.deepEqual(await once(alive.child, "exit"), [143, null]);
    assert.equal(await left(alive.id), 0);
});
