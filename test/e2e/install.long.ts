// A real installation of Debian 13, from power on to the login of the installed system, from a mirror; and never again, until the next generation.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Client, startClient } from "../lab/client.ts";
import { ask } from "../lab/console.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import type { Project } from "../pulumi/project.ts";
import { CMDLINE, mirror, PASSWORD, rack, slim } from "./rack.ts";
import { remade } from "./udebs.ts";

const HOST = "rack-01";
let lab: Lab, master: Master, project: Project & Disposable, packages: Awaited<ReturnType<typeof mirror>>, client: Client;
before(async () => {
    lab = await openLab();
    // Debian 13's: of Debian 12's installer the mirror may have less.
    master = await startMaster(lab, { debian: 13 });
    const { answers } = await remade("trixie");
    packages = await mirror(lab, answers);
    // What was made again bears no signature of Debian's.
    project = await rack(lab, master, { [HOST]: { mac: "52:54:00:00:0e:02", role: "web" } }, { mirror: packages.host, cmdline: `${CMDLINE} debian-installer/allow_unauthenticated=true` });
    project.edit(slim, "preseed.cfg");
});
after(async () => {
    project?.[Symbol.dispose]();
    packages?.[Symbol.dispose]();
    await lab.close();
});

/** How often the installer's kernel was handed out. grep fails where it counts none. */
const begun = async () => Number(await master.exec("grep -c 'GET /claims/.*/begin/.* 200' /var/log/netboot/http-access.log || true"));
const said = async (): Promise<{ stage?: string; disk?: string; error?: string }> => JSON.parse((await master.tryExec(`cat /srv/netboot/reports/${HOST}/status`)).stdout || "{}");

async function login(): Promise<void> {
    await client.waitFor(new RegExp(`^${HOST} login:`), 1_800_000);
    client.type("root\n");
    await client.waitFor(/^Password:/, 600_000);
    client.type(`${PASSWORD}\n`);
    await client.waitFor(new RegExp(`^root@${HOST}:`), 600_000);
}

test("a machine with an empty disk is installed, says how far it is, and last of all that it is done", { timeout: 10_800_000 }, async (t) => {
    await project.run(["up", "--yes", "--skip-preview"]);
    const began = Date.now();
    const after = () => ((Date.now() - began) / 1000).toFixed(0);
    client = await startClient(lab, { name: HOST, firmware: "bios", mac: "52:54:00:00:0e:02", memory: 1024, disk: "4G" });
    for (const stage of ["start", "write", "done"]) {
        const now = await until(stage, 9_000_000, async () => {
            // A look costs the machine that is looked at as much as a second of its own.
            await pause(5000);
            const status = await said();
            return status.stage === stage || status.stage === "failed" ? status : undefined;
        });
        assert.equal(now.stage, stage, now.error);
        t.diagnostic(`${stage} after ${after()} s, ${packages.asked()} requests to the mirror${packages.refused().map((it) => `, ${it}`).join("")}`);
    }
    assert.match((await said()).disk!, /^vda \(\d+ bytes, serial /);
    assert.equal(await begun(), 1);
    // Whatever the machine does after that word, its power may fail: file systems were unmounted before.
    await client.restart();
    await login();
    t.diagnostic(`login of the installed system after ${after()} s`);
    assert.equal(await ask(client, "cat /etc/role"), "web");
    assert.match(await ask(client, "dpkg-query -W -f '${Status}' hello"), /installed/);
    assert.doesNotMatch(await ask(client, "cat /proc/cmdline"), /netboot\./);
    assert.equal(await ask(client, "dd if=/dev/vda bs=4096 skip=255 count=1 status=none | head -n 1"), "netboot-stamp 1");
});

test("started again it asks the network first and is not installed again; the next up writes into the ledger that it is done", { timeout: 3_600_000 }, async () => {
    await client.restart();
    await login();
    assert.ok(client.stages.some(({ stage }) => stage === "script"), "the network is asked first");
    assert.equal(await begun(), 1);
    await project.run(["refresh", "--yes", "--skip-preview"]);
    project.edit((text) => `${text}// nothing new\n`);
    const { text } = await project.run(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    assert.doesNotMatch(text, /ERASES/);
    await client.restart();
    await login();
    assert.equal(await begun(), 1);
});

test("another generation installs it once more, onto the disk that is its own by its stamp", { timeout: 10_800_000 }, async () => {
    await project.run(["config", "set", "generation", "2"]);
    const { text } = await project.run(["up", "--yes", "--skip-preview"]);
    assert.match(text, /ERASES 1 machine: rack-01 \(generation 2\)/);
    assert.equal(await master.exec(`cut -d' ' -f1,2 /var/lib/netboot-ledger/${HOST} | tr '\\n' ','`), "ordered 1,done 1,ordered 2,");
    await client.restart();
    // overwrite is not said: that it goes on to write is the stamp's doing.
    await until("write", 1_800_000, async () => ((await said()).stage === "write" && (await begun()) === 2 ? true : undefined));
});
