// The rental desk as a user runs it: its program, the Automation API, and a machine that boots what the master serves it, behind a power strip.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { type Lab, type Master, openLab, startMaster } from "../lab/index.ts";
import type { Project } from "../pulumi/project.ts";
import { netboot } from "./netboot.ts";
import { site } from "./site.ts";

const mac = "52:54:00:00:0f:21";
/** The machine is a port that is open while it is up. A trial never comes up. */
const strip = (address: string) => `#!/bin/sh
cd /var/tmp
echo "$3" >>told
[ "$3" = status ] && { [ -e on ] && echo on || echo off; exit; }
[ -e machine.pid ] && kill "$(cat machine.pid)" 2>/dev/null
rm -f on machine.pid
[ "$3" = off ] && exit
touch on
sleep 2
grep -q netboot.trial=1 /srv/netboot/http/mac/${mac.replaceAll(":", "-")}.ipxe && exit
setsid perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalAddr => "${address}:2222", Listen => 5, ReuseAddr => 1) or die; close($s->accept) while 1' >/dev/null 2>&1 </dev/null &
echo $! >machine.pid
`;

let lab: Lab, master: Master, project: Project & Disposable;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { files: { "/usr/local/sbin/strip": strip(lab.at(30)) } });
    await master.exec(`chmod 755 /usr/local/sbin/strip; ip addr add ${lab.at(30)}/24 dev eth0`);
    project = await site(lab, master, "rental-desk", { desks: { "desk-01": { mac, address: lab.at(30), outlet: 7 } } });
});
after(async () => {
    project?.[Symbol.dispose]();
    await lab?.close();
});

async function desk(...args: string[]): Promise<{ code: number; out: string }> {
    const child = spawn(process.execPath, ["desk.mts", ...args], { cwd: project.folder, env: { ...project.env, DESK_PORT: "2222", DESK_PATIENCE: "15" }, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 255)));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await ended, out: out + err };
}
const served = async () => (await master.exec(`grep -c 'netboot-cmdline' /srv/netboot/http/mac/${mac.replaceAll(":", "-")}.ipxe; grep -c netboot.trial /srv/netboot/http/mac/${mac.replaceAll(":", "-")}.ipxe || :`)).trim().split("\n").map(Number);
const cycles = async () => (await master.exec("grep -c -e cycle -e on /var/tmp/told || :")).trim();
const word = async () => JSON.parse((await project.run(["config", "--json"])).text)["netboot:desk-01"]?.value;

test("a machine is switched and waited for; one that does not come up is taken back; and what runs is what the settings say", { timeout: 600_000 }, async () => {
    await project.run(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await served(), [0, 0]);
    const good = await desk("desk-01", "debian");
    assert.equal(good.code, 0, good.out);
    assert.match(good.out, /desk-01 is up with debian/);
    assert.deepEqual([await word(), (await served())[1]], ["debian", 0]);
    const before = Number(await cycles());
    const bad = await desk("desk-01", "trial");
    assert.equal(bad.code, 1, bad.out);
    assert.match(bad.out, /desk-01 with trial: it does not answer at \S+:2222 within 15 s; back to debian/);
    assert.match(bad.out, /desk-01 did not come up with trial, and is up with debian again/);
    assert.deepEqual([await word(), (await served())[1]], ["debian", 0]);
    assert.equal(Number(await cycles()), before + 2, "there, and back");
    const wrong = await desk("desk-01", "windows");
    assert.match(wrong.out, /netboot:desk-01 is "windows" in the configuration, and is to be one of disk, debian, trial/);
    assert.equal(await word(), "debian");
});

test("netboot switch writes the same word", { timeout: 300_000 }, async () => {
    assert.match((await netboot(project, "switch")).out, /^desk-01 +debian +disk, debian, trial +netboot:desk-01$/m);
    const { code, out, err } = await netboot(project, "switch", "desk-01", "disk", "--yes");
    assert.equal(code, 0, out + err);
    assert.match(out, /and will be power-cycled now/);
    assert.equal(await word(), "disk");
    assert.deepEqual(await served(), [0, 0]);
    assert.match((await netboot(project, "switch")).out, /^desk-01 +disk /m);
    await project.run(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
});
