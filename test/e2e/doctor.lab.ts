// `netboot doctor`, before anything is there: what stands in the way of an `up`, for people and for programs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { openLab, startMaster } from "../lab/index.ts";
import type { Project } from "../pulumi/project.ts";
import { site } from "./site.ts";

const cli = join(import.meta.dirname, "..", "..", "sdk", "dist", "cli", "main.js");

async function doctor(project: Project, ...flags: string[]): Promise<{ code: number; out: string; err: string }> {
    const child = spawn(process.execPath, [cli, "doctor", ...flags], { cwd: project.folder, env: project.env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 255)));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await ended, out, err };
}

test("doctor names what stands in the way and its mend, and writes nothing", async () => {
    await using lab = await openLab();
    const master = await startMaster(lab);
    using project = await site(lab, master, "quickstart");
    const before = await master.exec("find /etc /srv /var/lib | sort | sha256sum");

    const well = await doctor(project);
    assert.equal(well.code, 0, well.out + well.err);
    assert.match(well.out, new RegExp(`^root@${master.host}:22\\n`));
    assert.match(well.out, /ok {4}the system is debian 12/);

    await master.exec("perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 80, Listen => 1, ReuseAddr => 1) or die; if (fork) { exit } close STDOUT; close STDERR; sleep 600'");
    const ill = await doctor(project, "--json");
    assert.equal(ill.code, 1);
    const bad = JSON.parse(ill.out).filter(({ ok }: { ok: boolean }) => !ok);
    assert.equal(bad.length, 1, ill.out);
    assert.match(bad[0].what, /tcp port 80 is taken by perl \(process \d+\)/);
    assert.equal(bad[0].for, 'MasterServer "lab"');
    assert.ok(bad[0].mend);
    assert.equal(await master.exec("find /etc /srv /var/lib | sort | sha256sum"), before);

    await master.stop();
    const gone = await doctor(project);
    assert.equal(gone.code, 1);
    assert.match(gone.out, /FAIL {2}cannot reach/);
});

test("doctor outside a Pulumi project, and with a word it does not know, says what it needs", async () => {
    const outside = await doctor({ folder: "/", env: process.env } as Project);
    assert.equal(outside.code, 1);
    assert.match(outside.err, /netboot: /);
    const child = spawn(process.execPath, [cli, "docter"], { stdio: ["ignore", "ignore", "pipe"] });
    assert.match(await text(child.stderr!), /netboot doctor/);
});
