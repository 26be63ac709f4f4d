// The internet café as its desk has it: the program of examples/, a seat that boots by the menu, the page in a browser, and the seats' sockets, which are BMCs that are not ours.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openPage } from "../lab/browser.ts";
import { type Bmc, bootableDisk, type Lab, type Master, openLab, startBmc, startClient, startMaster, until } from "../lab/index.ts";
import { mountStore } from "../lab/store.ts";
import type { Project } from "../pulumi/project.ts";
import { netboot } from "./netboot.ts";
import { site } from "./site.ts";

const mac = "52:54:00:00:0e:51";
/** The café's own program: which outlet is its first argument but one, and what to do its last. */
const strip = (bmc: string) => `#!/bin/sh
ask() { ipmitool -I lanplus -C 3 -H ${bmc} -p $((6230 + $1)) -U netboot -E chassis power "$2"; }
export IPMITOOL_PASSWORD="$STRIP_PASSWORD"
case $3 in status) ask "$2" status | sed 's/.* //' ;; *) ask "$2" "$3" ;; esac
`;

let lab: Lab, master: Master, bmc: Bmc, store: { unmount(): Promise<void> } | undefined, project: Project & Disposable;
before(async () => {
    lab = await openLab();
    bmc = await startBmc(lab);
    master = await startMaster(lab, { files: { "/usr/local/sbin/strip": strip(bmc.address) } });
    await master.exec("chmod 755 /usr/local/sbin/strip; apt-get update -q >/dev/null; DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends ipmitool >/dev/null");
    store = await mountStore(master, "/srv/netboot/volumes");
    for (const name of ["office", "games"]) writeFileSync(join(lab.folder, `${name}.img`), bootableDisk());
    const seat = (n: number) => ({ mac: mac.replace(/.$/, `${n}`), address: lab.at(50 + n), outlet: n });
    project = await site(lab, master, "internet-cafe", {
        officeImage: join(lab.folder, "office.img"), gamesImage: join(lab.folder, "games.img"), night: 1, desk: lab.network.gateway, stripPassword: bmc.password, seats: { "seat-01": seat(1), "seat-02": seat(2) },
    });
});
after(async () => {
    project?.[Symbol.dispose]();
    await store?.unmount();
    await lab?.close();
});

test("up switches no seat: what the desk does it does by hand", { timeout: 300_000 }, async () => {
    const { text } = await project.run(["up", "--yes", "--skip-preview"]);
    assert.doesNotMatch(text, /POWER-CYCLES|switched/);
    assert.deepEqual(await bmc.asked(), []);
});

test("the desk asks for all seats, switches them on, and cycles one", { timeout: 120_000 }, async () => {
    const states = async () => JSON.parse((await netboot(project, "power", "status", "--all", "--json")).out).map(({ machine, words }: { machine: string; words: string }) => [machine, words]);
    assert.deepEqual(await states(), [["seat-01", "off"], ["seat-02", "off"]]);
    const on = await netboot(project, "power", "on", "seat-*");
    assert.equal(on.code, 0, on.out + on.err);
    assert.deepEqual((await bmc.asked()).sort(), ["ipmi 1 power 1", "ipmi 2 power 1"]);
    assert.deepEqual(await states(), [["seat-01", "on"], ["seat-02", "on"]]);
    const cycle = await netboot(project, "power", "cycle", "seat-02");
    assert.equal(cycle.code, 0, cycle.out + cycle.err);
    await until("seat-02 to be on again", 10_000, async () => (await bmc.asked()).slice(2).join() === "ipmi 2 power 0,ipmi 2 power 1" || undefined);
});

for (const [key, volume] of [["g", "games"], ["w", "office"]] as const)
    test(`a seat boots ${volume} from the menu, by its own copy`, { timeout: 400_000 }, async () => {
        const seat = await startClient(lab, { name: "seat-01", firmware: "bios", mac });
        await seat.waitFor(/Games, kept until tonight/, 200_000);
        seat.type(key);
        await seat.waitFor("local", 200_000);
        const target = (await master.exec("tgtadm -C 3261 --lld iscsi --op show --mode target")).split(/^(?=Target )/m).find((text) => text.includes(`:seat-01:${volume}\n`));
        assert.match(target!, new RegExp(`IP Address: ${lab.at(51)}`));
        await seat.stop();
    });

test("netboot status and the page say the same of all seats, and only the desk sees the page", { timeout: 60_000 }, async () => {
    const { code, out, err } = await netboot(project, "status", "--json");
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(out).map(({ machine, boots }: { machine: string; boots: string }) => [machine, boots]), [["seat-01", "menu seats"], ["seat-02", "menu seats"]]);
    await using desk = await openPage(`http://${master.host}/page/`);
    await desk.page.locator("#rows tr").nth(1).waitFor();
    assert.deepEqual(await desk.page.evaluate("[...document.querySelectorAll('#rows tr')].map((tr) => [...tr.children].slice(0, 2).map((td) => td.textContent))"), [["seat-01", "menu seats"], ["seat-02", "menu seats"]]);
    assert.deepEqual(desk.complaints, []);
    assert.match(await master.exec(`perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:80") or die; print $s "GET /page/ HTTP/1.0\\r\\n\\r\\n"; print scalar <$s>'`), / 403 /);
});

test("the next night makes the games anew, an up after it does nothing, and destroy ends it", { timeout: 300_000 }, async () => {
    // A seat that has lost its power leaves a session behind, and a disk in use is not made anew.
    const tids = (await master.exec("tgtadm -C 3261 --lld iscsi --op show --mode target | sed -n 's/^Target \\([0-9]*\\):.*/\\1/p'")).trim().split("\n");
    for (const tid of tids) await master.exec(`for s in $(tgtadm -C 3261 --lld iscsi --op show --mode conn --tid ${tid} | sed -n 's/^Session: //p'); do tgtadm -C 3261 --lld iscsi --op delete --mode conn --tid ${tid} --sid $s --cid 0; done`);
    await project.run(["config", "set", "night", "2"]);
    await project.run(["up", "--yes", "--skip-preview"]);
    assert.equal((await master.exec("ls /srv/netboot/volumes/games+seat-01/ /srv/netboot/volumes/games+seat-02/ | grep -c '^disk.2$'")).trim(), "2");
    await project.run(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    await project.run(["destroy", "--yes", "--skip-preview"]);
});
