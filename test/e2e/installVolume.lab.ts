// An installation onto a disk of the master, for a machine that has none: a stand-in for an installer, with Linux's own initiator, finds it by what iPXE has left; from then on the machine boots it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { startClient } from "../lab/client.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { EMULATED } from "../lab/emulated.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import { outputs } from "../setup/where.mjs";
import { openSite, type Site } from "./cli.ts";

const STORE = "/srv/netboot/volumes";
const machines = { bios: { mac: "52:54:00:00:0f:01", last: 31 }, uefi: { mac: "52:54:00:00:0f:02", last: 32 } };

let lab: Lab;
let master: Master;
let site: Site;
let store: { unmount(): Promise<void> } | undefined;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    store = await mountStore(master, STORE);
    site = await openSite(lab, master, program(), { config: { system: gzipSync(bootableDisk()).toString("base64"), initiator: join(outputs.kernel, "initiator.img") } });
});
after(async () => {
    site?.[Symbol.dispose]();
    await store?.unmount();
    await lab?.close();
});

/** What an installer does, in a shell: the disk, a system on it, and the word that it is there. */
const installer = String.raw`
wget -q -O /tmp/netboot {{ master.http }}/installers/netboot
chmod 755 /tmp/netboot
/tmp/netboot start
disk=$(/tmp/netboot disk)
echo "NETBOOT-UP installs-onto=$disk"
{% if generation > 1 %}sleep 10000{% endif %}
echo {{ answers.system }} | base64 -d | gunzip | dd of=$disk bs=1M
blockdev --rereadpt $disk
/tmp/netboot done
reboot -f
`;
const program = (generation = 1) => `
const m = master({ installers: true, storage: {} });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const blank = new netboot.Volume("blank", { master: m, size: "24MiB" });
const system = new netboot.InstallerImage("system", {
  master: m, family: "custom", kernel: site.require("kernel"), initrds: [site.require("initrd"), site.require("initiator")],
  cmdline: "console=ttyS0 quiet ${EMULATED} netboot.dhcp netboot.run={{ url }}", template: ${JSON.stringify(installer)}, answers: { system: site.require("system") },
});
const at = (last) => site.require("address").replace(/[0-9]+$/, last);
for (const [name, { mac, last }] of Object.entries(${JSON.stringify(machines)}))
  new netboot.Machine(name, { master: m, mac, pool: lan, address: at(last), boot: boot.install(system, { disk: boot.diskless(blank), generation: name === "bios" ? ${generation} : 1, retries: ${generation - 1} }) });
`;
const begun = async (name: string) => Number(await master.exec(`grep -c ' ${lab.at(machines[name as "bios"].last)} .*GET /claims/.*/begin/.* 200' /var/log/netboot/http-access.log || true`));
const report = async (name: string): Promise<{ stage?: string; disk?: string; error?: string }> => JSON.parse((await master.tryExec(`cat /srv/netboot/reports/${name}/status`)).stdout || "{}");
/** Of a disk: is there anything on it, and by whose stamp. */
const content = (name: string) => master.exec(`cd ${STORE}/${name} && du -k --apparent-size disk.1 | cut -f1; du -k disk.1 | cut -f1; dd if=disk.1 bs=4096 skip=255 count=1 status=none | tr -d '\\000'`);

test("the preview says that a copy on the master is erased, and counts it", async () => {
    const { text } = await site.run(["preview", "--diff"]);
    assert.match(text, /if generation 1 is not done: ERASES its copy of blank on the master, if it is blank or ours/);
    for (const name of ["bios", "uefi"]) assert.match(text, new RegExp(`ERASES .*${name} \\(generation 1\\)`));
    await site.up();
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
});

for (const firmware of ["bios", "uefi"] as const)
    test(`${firmware}: installed onto the disk that only it is offered, once, and booted from it ever after`, { timeout: 500_000 }, async (t) => {
        const began = Date.now();
        const client = await startClient(lab, { name: firmware, firmware, mac: machines[firmware].mac });
        await client.waitFor(/^NETBOOT-UP installs-onto=\/dev\/sda$/, 400_000);
        await client.waitFor("local", 400_000);
        t.diagnostic(`${firmware}: from power on to the installed system ${((Date.now() - began) / 1000).toFixed(0)} s`);
        const { stage, disk, error } = await report(firmware);
        assert.deepEqual([stage, disk?.split(" ").slice(0, 2).join(" "), error], ["done", "sda (25165824", undefined]);
        assert.match(await content(`blank+${firmware}`), new RegExp(`^24576\\n\\d+\\nnetboot-stamp 1\\nsite .*\\nmachine ${firmware}\\ngeneration 1\\n.*\\n.*\\nstate done`));
        assert.match(await content("blank"), /^24576\n0\n$/, "the volume itself is as empty as it was");

        await client.restart();
        await client.waitFor("local", 400_000);
        assert.equal(await begun(firmware), 1);
        await client.stop();
    });

test("the next generation is ordered for one machine; broken off, it is begun again as often as retries says, and then what the disk holds is booted", { timeout: 500_000 }, async () => {
    site.program(program(2));
    const { text } = await site.up();
    assert.match(text, /ERASES 1 machine: bios \(generation 2\)/);
    assert.equal(await master.exec("cut -d' ' -f1,2 /var/lib/netboot-ledger/bios | tr '\\n' ','"), "ordered 1,done 1,ordered 2,");
    const client = await startClient(lab, { name: "again", firmware: "bios", mac: machines.bios.mac });
    // The copy is not blank: that it goes on is the stamp's doing.
    await client.waitFor(/^NETBOOT-UP installs-onto=\/dev\/sda$/, 400_000);
    await client.restart();
    await client.waitFor(/^NETBOOT-UP installs-onto=\/dev\/sda$/, 400_000);
    assert.equal(await begun("bios"), 3);
    await client.restart();
    await client.waitFor(/this installation has begun before and has not come to its end/, 200_000);
    await client.waitFor("local", 200_000);
    await until("the report", 20_000, async () => ((await report("bios")).stage === "failed" ? true : undefined));
    assert.equal(await begun("bios"), 3);
    await client.stop();
});
