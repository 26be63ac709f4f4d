// One machine with two systems on disks of the master: what it chooses in its menu is what it boots, and its session outlives the daemon that it is with.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startClient } from "../lab/client.ts";
import { marker } from "../lab/disk/code.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { EMULATED } from "../lab/emulated.ts";
import { exec, until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import { outputs } from "../setup/where.mjs";
import { openSite, type Site } from "./cli.ts";

const STORE = "/srv/netboot/volumes";
const IQN = "iqn.2024-07.internal.netboot";
const MAC = "52:54:00:00:0d:41";
const SEAT = 41;
const systems = ["debian", "windows"] as const;

/** A disk whose boot sector says which system's it is. */
function systemDisk(name: string): Buffer {
    const disk = bootableDisk();
    disk.write(`${marker} bios ${name}\r\n\0`, disk.indexOf(marker), "latin1");
    return disk;
}

let lab: Lab;
let master: Master;
let site: Site;
let store: { unmount(): Promise<void> } | undefined;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    store = await mountStore(master, STORE);
    site = await openSite(lab, master, program, { config: { initiator: join(outputs.kernel, "initiator.img") } });
    for (const name of systems) writeFileSync(join(site.folder, `${name}.img`), systemDisk(name));
    await site.up();
});
after(async () => {
    site?.[Symbol.dispose]();
    await store?.unmount();
    await lab?.close();
});

const machine = (boots: string) => `
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
new netboot.Machine("seat", { master: m, mac: "${MAC}", pool: lan, address: site.require("address").replace(/[0-9]+$/, "${SEAT}"), boot: ${boots} });
`;
const program = `
const m = master({ storage: {} });
const volume = (name) => new netboot.Volume(name, { master: m, from: new netboot.DiskImage(name, { master: m, source: \`./\${name}.img\` }) });
const windows = volume("windows");
const run = "http://" + site.require("address") + "/attached";
const initiator = new netboot.KernelImage("initiator", { master: m, kernel: site.require("kernel"), initrds: [site.require("initrd"), site.require("initiator")], cmdline: \`console=ttyS0 quiet ${EMULATED} netboot.dhcp netboot.run=\${run}\` });
const seats = new netboot.BootMenu("seats", { master: m, title: "Seats", default: "debian", timeout: 60, entries: [
    { name: "debian", label: "Debian", key: "d", boot: boot.diskless(volume("debian")) },
    { name: "windows", label: "Windows", key: "w", boot: boot.diskless(windows) },
    { name: "kernel", label: "By a kernel", key: "k", boot: boot.diskless(windows, { kernel: boot.kernel(initiator) }) },
] });
${machine("boot.menu(seats)")}`;
/** What the daemon says of the target with this system's disk. */
const offered = async (name: string) => (await master.exec("tgtadm -C 3261 --lld iscsi --op show --mode target")).split(/^(?=Target )/m).find((text) => text.includes(`${IQN}:seat:${name}\n`)) ?? "";
/** Ends what a machine that has lost its power leaves behind. */
async function endSessions(name: string): Promise<void> {
    const tid = /^Target (\d+)/.exec(await offered(name))![1];
    await master.exec(`for s in $(tgtadm -C 3261 --lld iscsi --op show --mode conn --tid ${tid} | sed -n 's/^Session: //p'); do tgtadm -C 3261 --lld iscsi --op delete --mode conn --tid ${tid} --sid $s --cid 0; done`);
}

test("either entry of the menu boots its own system, from its own target", { timeout: 400_000 }, async () => {
    const seat = await startClient(lab, { name: "seat", firmware: "bios", mac: MAC });
    // The default comes last: the session that the other leaves behind is on another target.
    for (const [key, chosen] of [["w", "windows"], ["d", "debian"]] as const) {
        await seat.waitFor(/Windows/, 200_000);
        seat.type(key);
        const { detail } = await seat.waitFor("local", 200_000);
        assert.equal(detail, `${marker} bios ${chosen}`);
        assert.match(await offered(chosen), new RegExp(`Initiator: ${IQN}:seat [^]*IP Address: ${lab.at(SEAT)}`));
        if (key === "w") {
            assert.doesNotMatch(await offered("debian"), /IP Address/);
            await seat.restart();
        }
    }
    await seat.stop();
    for (const name of systems) await endSessions(name);
});

test("a kernel that the machine fetches finds the disk by what iPXE has left, and logs in to it", { timeout: 200_000 }, async () => {
    await master.exec(`printf '%s\\n' 'modprobe -a iscsi_tcp iscsi_ibft; iscsistart -b >/dev/null 2>&1' 'until [ -e /dev/sda ]; do sleep 0.2; done; echo "NETBOOT-UP root=$(dd if=/dev/sda bs=512 count=1 2>/dev/null | grep -ao "bios [a-z]*"), found"' >/srv/netboot/http/attached`);
    const seat = await startClient(lab, { name: "seat", firmware: "bios", mac: MAC });
    await seat.waitFor(/Windows/, 100_000);
    seat.type("k");
    const { detail } = await seat.waitFor(/^NETBOOT-UP root=.*found/, 100_000);
    assert.equal(detail, "NETBOOT-UP root=bios windows, found");
    await seat.stop();
    await endSessions("windows");
    await master.exec("rm /srv/netboot/http/attached");
});

test("not taken away while a machine writes, and killed then, the daemon comes back by itself with all that it offered: the machine stands still, logs in again and goes on, and what it had flushed is there", { timeout: 200_000 }, async (t) => {
    const at = lab.at(SEAT);
    const initiator = await lab.start("client", { address: at }, () => undefined);
    const secret = (await master.exec(`sed -n 's/^ *incominguser [^ ]* //p' '/etc/netboot/iscsi/${IQN}:seat:windows.conf'`)).trim();
    const disk = `driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=${master.host},file.target=${IQN}:seat:windows,file.lun=1,file.initiator-name=${IQN}:seat,file.user=windows+seat,file.password-secret=chap`;
    await exec(initiator, `apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends qemu-block-extra >/dev/null
        mkfifo /told && (sleep 600 >/told & stdbuf -i0 qemu-io --object secret,id=chap,data=${secret} --image-opts ${disk} </told >/said 2>&1 &)`);
    const said = () => exec(initiator, "cat /said");
    let told = 0;
    /** Tells it these, and waits for the prompt that follows the last. */
    const tell = async (...words: string[]) => {
        await exec(initiator, `printf '%s\\n' ${words.map((word) => `'${word}'`).join(" ")} >/told`);
        told += words.length;
        await until(words.join(), 60_000, async () => (await said()).split("qemu-io> ").length > told + 1 || undefined).catch(async () => assert.fail(await said()));
    };
    const daemon = async () => (await master.exec("systemctl show -P MainPID netboot-iscsi")).trim();
    try {
        await tell("write -P 0x41 512k 64k", "flush");
        const before = await daemon();

        site.program(`const m = master();\n${machine("boot.local()")}`);
        const { text } = await site.up({ expect: 1 });
        assert.match(text, new RegExp(`netboot-iscsi\\.service offers disks that are in use[^]*${at} has a session on ${IQN}:seat:windows\\.`));
        assert.equal(await daemon(), before);

        await master.exec("systemctl kill --signal=KILL netboot-iscsi");
        const killed = Date.now();
        await tell("write -P 0x42 576k 64k", "flush");
        t.diagnostic(`without a disk for ${((Date.now() - killed) / 1000).toFixed(1)} s`);
        assert.notEqual(await daemon(), before);
        await tell("read -P 0x41 512k 64k", "read -P 0x42 576k 64k");
        assert.deepEqual((await said()).match(/(wrote|read) 65536\/65536|fail|error/gi), ["wrote 65536/65536", "wrote 65536/65536", "read 65536/65536", "read 65536/65536"]);
        assert.match(await offered("windows"), new RegExp(`IP Address: ${at}`));
        assert.match(await offered("debian"), /Backing store path: \S+debian\+seat\/disk\.1/);
        assert.equal(await master.exec(`dd if=${STORE}/windows+seat/disk.1 bs=64k skip=8 count=2 status=none | fold -w 65536 | cut -c1,65536`), "AA\nBB\n");
    } finally {
        await initiator.stop();
    }
});
