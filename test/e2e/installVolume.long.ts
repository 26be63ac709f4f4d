// A real installation of Debian 13 onto a disk of the master, by a machine that has none; it boots from there, and what it has made becomes the golden disk of another.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Client, startClient } from "../lab/client.ts";
import { ask } from "../lab/console.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import type { Project } from "../pulumi/project.ts";
import { CMDLINE, mirror, PASSWORD, rack, slim } from "./rack.ts";
import { remade } from "./udebs.ts";

const STORE = "/srv/netboot/volumes";
const HOST = "builder";
const macs = { builder: "52:54:00:00:0f:11", seat: "52:54:00:00:0f:12" };
let lab: Lab, master: Master, project: Project & Disposable, packages: Awaited<ReturnType<typeof mirror>>, client: Client;
let store: { unmount(): Promise<void> } | undefined;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { debian: 13 });
    store = await mountStore(master, STORE, "8G");
    packages = await mirror(lab, (await remade("trixie")).answers);
    project = await rack(lab, master, { [HOST]: { mac: macs.builder, role: "web" } }, { mirror: packages.host, cmdline: `${CMDLINE} debian-installer/allow_unauthenticated=true` });
    project.edit(slim, "preseed.cfg");
    project.edit((text) => `${text.replace("installers: true,", "installers: true, storage: {},").replace("new netboot.DhcpPool(", 'const golden = new netboot.Volume("golden", { master, size: "4GiB" });\nconst lan = new netboot.DhcpPool(')
        .replace("master, mac, hostname: name,", `master, mac, hostname: name, pool: lan, address: "${lab.at(31)}",`).replace('disk: "only"', "disk: boot.diskless(golden)")}`);
});
after(async () => {
    project?.[Symbol.dispose]();
    packages?.[Symbol.dispose]();
    await store?.unmount();
    await lab.close();
});

const said = async (): Promise<{ stage?: string; disk?: string; error?: string }> => JSON.parse((await master.tryExec(`cat /srv/netboot/reports/${HOST}/status`)).stdout || "{}");
async function login(): Promise<void> {
    await client.waitFor(new RegExp(`^${HOST} login:`), 1_800_000);
    client.type("root\n");
    await client.waitFor(/^Password:/, 600_000);
    client.type(`${PASSWORD}\n`);
    await client.waitFor(new RegExp(`^root@${HOST}:`), 600_000);
}

test("a machine without a disk is installed onto its copy of an empty volume, and boots it", { timeout: 12_600_000 }, async (t) => {
    const { text } = await project.run(["up", "--yes", "--skip-preview"]);
    assert.match(text, /ERASES 1 machine: builder \(generation 1\)/);
    const began = Date.now();
    const after = () => ((Date.now() - began) / 1000).toFixed(0);
    client = await startClient(lab, { name: HOST, firmware: "bios", mac: macs.builder, memory: 1024 });
    for (const stage of ["start", "write", "done"]) {
        const now = await until(stage, 10_800_000, async () => {
            await pause(5000);
            const status = await said();
            return status.stage === stage || status.stage === "failed" ? status : undefined;
        });
        assert.equal(now.stage, stage, now.error);
        t.diagnostic(`${stage} after ${after()} s, ${packages.asked()} requests to the mirror${packages.refused().map((it) => `, ${it}`).join("")}`);
    }
    assert.match((await said()).disk!, /^sda \(4294967296 bytes, serial /);
    // Its own reset; the emulated processor's first start of the new kernel may end in a panic, and its button is pressed then.
    await client.restart();
    await login();
    t.diagnostic(`login of the installed system after ${after()} s`);
    assert.equal(await ask(client, "cat /etc/role"), "web");
    assert.match(await ask(client, "findmnt -n -o SOURCE /"), /^\/dev\/sda/);
    assert.match(await ask(client, "cat /sys/class/iscsi_session/session*/targetname"), /:builder:golden$/);
    assert.match(await ask(client, "stat -c %a /sys/firmware/ibft/target*/chap-secret"), /^400$/);
    // Of the master it knows what iPXE tells it, and nothing else.
    assert.equal(await ask(client, "grep -rlE 'iqn\\.2024-07|ISCSI_PASSWORD' /etc /boot/grub"), "");
    assert.match(await ask(client, "cat /etc/iscsi/iscsi.initramfs"), /^ISCSI_AUTO=true$/);
});

test("what it has made is the golden disk of another machine, which boots a copy of its own", { timeout: 3_600_000 }, async () => {
    await ask(client, "sh -c 'echo golden >/etc/made; sync'");
    client.type("poweroff\n");
    await client.waitFor(/reboot: Power down/, 900_000);
    await client.stop();
    project.edit((text) => `${text.replace('size: "4GiB"', 'from: { machine: "builder" }, generation: 2')}\nnew netboot.Machine("seat", { master, mac: "${macs.seat}", pool: lan, address: "${lab.at(32)}", boot: boot.diskless(golden) });\n`);
    // The power went without a word to tgt, which holds the session for an hour: its end is what up says.
    const { text } = await project.run(["up", "--yes", "--skip-preview"], { expect: "any" });
    await master.exec(/has a session on it\. Shut that machine down first; if it is off already, say on the master: (tgtadm .*)/.exec(text)![1]!);
    await project.run(["up", "--yes", "--skip-preview"]);
    client = await startClient(lab, { name: "seat", firmware: "bios", mac: macs.seat, memory: 1024 });
    await login();
    assert.equal(await ask(client, "cat /etc/made"), "golden");
    assert.match(await ask(client, "cat /sys/class/iscsi_session/session*/targetname"), /:seat:golden$/);
    assert.match(await ask(client, "ip -4 -o addr show"), new RegExp(`inet ${lab.at(32)}/`));
    await client.stop();
});
