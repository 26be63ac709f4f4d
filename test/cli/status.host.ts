// `netboot status` of machines that are in the imaging system: whom one can get into, and how.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { below } from "../../sdk/dist/cli/status.js";
import { handle, machine, master } from "../adapter/inputs.ts";
import { startServer } from "../ssh/server.ts";

const key = (machine: string) => `SHA256:${machine}`;
/** What a master answers: machine, seconds since it was heard, stage; with its host key unless it has none. */
const heard = (machine: string, age: number, stage: string, more: object = { hostkey: key(machine), address: "10.0.0.57" }) => `said\t${machine}\t${age}\t${JSON.stringify({ machine, stage, ...more })}\n`;

/** A stack with these boots of desk-01 and so on, on a master that answers so; `netboot status` of it, as one of `words` with it in place of "status". */
async function stack(t: TestContext, boots: object[], atOnce: string | (() => string), words = (status: string[]) => status) {
    const folder = mkdtempSync(join(tmpdir(), "netboot-status-"));
    const server = await startServer({ atOnce });
    t.after(async () => { await server.close(); rmSync(folder, { recursive: true, force: true }); });
    const ref = { ...master, imaging: { id: "5b1ac0de", cmdline: "quiet" } };
    const outputs = boots.map((boot, i) => (check(resourceType("Machine"), {}, machine(`desk-0${i + 1}`, { mac: `52:54:00:00:08:0${i}`, boot, __master: handle({ ref, connection: server.connection }) }) as any) as any).inputs);
    writeFileSync(join(folder, "state.json"), JSON.stringify({ deployment: { resources: outputs.map((outputs) => ({ type: "pulumi-nodejs:dynamic/netboot:Machine", outputs })) } }));
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\ncat ${folder}/state.json\n`, { mode: 0o755 });
    const [program, ...rest] = words([process.execPath, join(import.meta.dirname, "../../sdk/dist/cli/main.js"), "status"]);
    return new Promise<{ out: string; err: string; code: unknown }>((resolve) => execFile(program!, rest, { env: { ...process.env, PATH: `${folder}:/usr/bin:/bin` } }, (error, out, err) => resolve({ out, err, code: error?.code ?? 0 })));
}

test("status says how to get into every machine that is in the imaging system, while it works too, and into no other", async (t) => {
    const answers = [heard("desk-01", 1, "write"), heard("desk-02", 5, "verify", { hostkey: key("desk-02"), address: "$(reboot)" }), heard("desk-03", 3600, "write"), heard("desk-04", 2, "done"), heard("desk-05", 40, "failed"), heard("desk-06", 1, "write", {}), heard("desk-07", 50, "shell")];
    const { out, err } = await stack(t, answers.map(() => ({ kind: "rescue" })), `${answers.join("")}end\n`);
    assert.equal(err, "");
    assert.deepEqual(out.split("\n").filter((line) => line.includes(": ssh ")), [
        "desk-01: ssh root@10.0.0.57    host key SHA256:desk-01",
        "desk-02: ssh root@ITS-ADDRESS    host key SHA256:desk-02",
        "desk-05: ssh root@10.0.0.57    host key SHA256:desk-05",
        "desk-07: ssh root@10.0.0.57    host key SHA256:desk-07",
    ], out);
});

test("on a terminal the table is written over until nothing is left to wait for; elsewhere it is shown once", async (t) => {
    const order = (done: boolean) => `orders\tdesk-01\t1\t1\t1\t-\tyes\t${done ? "yes" : "no"}\tno\n`;
    let asked = 0;
    const answer = () => `${order(++asked > 2)}${heard("desk-01", 1, asked > 2 ? "done" : "write", { percent: 40 + asked })}end\n`;
    const boot = [{ kind: "capture", disk: "only", name: "golden", generation: 1 }];
    const { out, code } = await stack(t, boot, answer, (status) => ["script", "-qec", status.join(" "), "/dev/null"]);
    assert.equal(code, 0, out);
    assert.equal(asked, 3);
    const tables = out.split(/\x1b\[(?=\d+A\x1b\[J)/);
    assert.deepEqual(tables.map((table) => /desk-01 .* (41|42|done) /.exec(table)?.[1]), ["41", "42", "done"], out);
    // This terminal has no size, and the table is whole all the same. Each goes up by as many lines as the last one had.
    for (const [i, table] of tables.slice(1).entries()) assert.equal(Number(/^\d+/.exec(table)![0]), tables[i]!.replace(/^\d+A\x1b\[J/, "").split("\n").length - 1);
    asked = 0;
    const once = await stack(t, boot, answer);
    assert.equal(asked, 1);
    assert.ok(!once.out.includes("\x1b"), once.out);
});

test("on a small screen the ways into machines that work give way to their rows, and those into machines that stay do not", () => {
    const machines = ["write", "verify", "failed"].map((stage, i) => ({ machine: `desk-0${i}`, age: 1, said: { stage, hostkey: key("x"), address: "10.0.0.57" } })) as any;
    const ways = (height: number) => below(machines, height).match(/^desk-0\d: ssh/gm)!.map((line) => line.slice(0, 7));
    assert.deepEqual(ways(7), ["desk-00", "desk-01", "desk-02"]);
    assert.deepEqual(ways(6), ["desk-02"]);
});
