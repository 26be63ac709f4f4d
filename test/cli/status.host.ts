// `netboot status` of machines that are in the imaging system: whom one can get into, and how.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { below } from "../../sdk/dist/cli/status.js";
import { handle, machine, master } from "../adapter/inputs.ts";
import { startServer } from "../ssh/server.ts";

const key = (machine: string) => `SHA256:${machine}`;
/** What a master answers: machine, seconds since it was heard, stage; with its host key unless it has none. */
const heard = (machine: string, age: number, stage: string, more: object = { hostkey: key(machine), address: "10.0.0.57" }) => `said\t${machine}\t${age}\t${JSON.stringify({ machine, stage, ...more })}\n`;

test("status says how to get into every machine that is in the imaging system, while it works too, and into no other", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "netboot-status-"));
    const answers = [heard("desk-01", 1, "write"), heard("desk-02", 5, "verify", { hostkey: key("desk-02"), address: "$(reboot)" }), heard("desk-03", 3600, "write"), heard("desk-04", 2, "done"), heard("desk-05", 40, "failed"), heard("desk-06", 1, "write", {}), heard("desk-07", 50, "shell")];
    const server = await startServer({ atOnce: `${answers.join("")}end\n` });
    t.after(async () => { await server.close(); rmSync(folder, { recursive: true, force: true }); });
    const ref = { ...master, imaging: { id: "5b1ac0de", cmdline: "quiet" } };
    const outputs = answers.map((_, i) => (check(resourceType("Machine"), {}, machine(`desk-0${i + 1}`, { mac: `52:54:00:00:08:0${i}`, boot: { kind: "rescue" }, __master: handle({ ref, connection: server.connection }) }) as any) as any).inputs);
    writeFileSync(join(folder, "state.json"), JSON.stringify({ deployment: { resources: outputs.map((outputs) => ({ type: "pulumi-nodejs:dynamic/netboot:Machine", outputs })) } }));
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\ncat ${folder}/state.json\n`, { mode: 0o755 });
    const { out, err } = await new Promise<{ out: string; err: string }>((resolve) =>
        execFile(process.execPath, [join(import.meta.dirname, "../../sdk/dist/cli/main.js"), "status"], { env: { ...process.env, PATH: `${folder}:/usr/bin:/bin` } }, (_, out, err) => resolve({ out, err })));
    assert.equal(err, "");
    assert.deepEqual(out.split("\n").filter((line) => line.includes(": ssh ")), [
        "desk-01: ssh root@10.0.0.57    host key SHA256:desk-01",
        "desk-02: ssh root@ITS-ADDRESS    host key SHA256:desk-02",
        "desk-05: ssh root@10.0.0.57    host key SHA256:desk-05",
        "desk-07: ssh root@10.0.0.57    host key SHA256:desk-07",
    ], out);
});

test("on a small screen the ways into machines that work give way to their rows, and those into machines that stay do not", () => {
    const machines = ["write", "verify", "failed"].map((stage, i) => ({ machine: `desk-0${i}`, age: 1, said: { stage, hostkey: key("x"), address: "10.0.0.57" } })) as any;
    const ways = (height: number) => below(machines, height).match(/^desk-0\d: ssh/gm)!.map((line) => line.slice(0, 7));
    assert.deepEqual(ways(7), ["desk-00", "desk-01", "desk-02"]);
    assert.deepEqual(ways(6), ["desk-02"]);
});
