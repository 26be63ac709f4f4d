// The classroom, and then every other way to boot: real firmware, from the power button to the kernel or to its own disk.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { bootableDisk, type Client, espLabel, type Lab, type Master, openLab, startClient, startMaster, until } from "../lab/index.ts";
import { efiApplication } from "../lab/disk/code.ts";
import type { Project } from "../pulumi/project.ts";
import { listen } from "./asked.ts";
import { prelude, site } from "./site.ts";

const seat = { mac: "52:54:00:00:00:11", uuid: "11111111-2222-3333-4444-55555555551a", serial: "Seat" };
const teacher = { mac: "52:54:00:00:00:12", uuid: "11111111-2222-3333-4444-555555555512", serial: "Desk 4: 5% of+&=" };
const stranger = { mac: "52:54:00:00:00:13", uuid: "11111111-2222-3333-4444-555555555513", serial: "A stranger" };
const patience = 150_000;

let lab: Lab;
let master: Master;
let project: Project & Disposable;
let elsewhere: Server;
const seen: string[] = [];               // what machines have asked of the other server
let bios: Client;
let uefi: Client;

before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    elsewhere = createServer((asked, answer) => {
        seen.push(asked.url!);
        answer.end("#!ipxe\necho FROM-ELSEWHERE ${net0/mac}\nexit 0\n");
    }).listen(0, lab.network.gateway);
    project = await site(lab, master, "classroom", { seats: { "seat-01": { mac: seat.mac, address: lab.at(21) } }, teacher: teacher.mac });
    await project.run(["up", "--yes", "--skip-preview"]);
});
after(async () => {
    project?.[Symbol.dispose]();
    elsewhere?.close();
    await lab?.close();
});

/** The menu is drawn by moving the cursor, so it never ends a line. */
const shows = (client: Client, text: RegExp) => until(`${client.name}: ${text}`, patience, async () => client.serial().find((line) => text.test(line)));
const address = (client: Client) => client.stages.findLast(({ stage }) => stage === "dhcp")!.detail;

test("a seat shows the menu, and its hot key boots the rescue system; the teacher's boots it at once", { timeout: 2 * patience }, async () => {
    const asked = await listen(master);
    [bios, uefi] = await Promise.all([
        startClient(lab, { name: "seat", firmware: "bios", ...seat, disk: bootableDisk() }),
        startClient(lab, { name: "teacher", firmware: "uefi", ...teacher, disk: bootableDisk({ uefi: false, files: { "/EFI/OWN/LOADER.EFI": efiApplication() } }) }),
    ]);
    for (const label of [/Classroom/, /Local disk/, /Rescue system/, /For teachers/]) await shows(bios, label);
    bios.type("r");
    await bios.waitFor("up", patience);
    assert.match(bios.cmdline(), /console=ttyS0 quiet$/);
    assert.deepEqual((await asked(lab.at(21))).map(({ path }) => path), ["/boot", "/menu/seats.ipxe", "/vmlinuz", "/initrd.img"]);
    await uefi.waitFor("up", patience);
    assert.match(uefi.cmdline(), /console=ttyS0 quiet netboot\.name=teacher$/);
    assert.ok(uefi.stages.some(({ stage, detail }) => stage === "loader" && detail.includes("snponly.efi")));
    assert.deepEqual((await asked(address(uefi))).map(({ path }) => path), ["/boot", "/vmlinuz", "/initrd.img"]);
});

test("left alone, the seat boots its disk when the time is up; so does a stranger whose UEFI boots over HTTP", { timeout: 2 * patience }, async () => {
    const asked = await listen(master);
    await bios.reboot();
    const other = await startClient(lab, { name: "stranger", firmware: "uefi", ...stranger, boot: ["http", "disk"], disk: bootableDisk() });
    const menu = shows(bios, /Rescue system/).then(() => Date.now());
    assert.equal((await bios.waitFor("local", patience)).detail, "LOCAL-DISK-BOOTED bios");
    const waited = (Date.now() - (await menu)) / 1000;
    assert.ok(waited > 8, `the menu stood for ${waited} s, not for 10`);
    assert.equal((await other.waitFor("local", patience)).detail, "LOCAL-DISK-BOOTED uefi");
    // Firmware asks twice for its loader: first for the size.
    assert.deepEqual((await asked(address(other))).map(({ path }) => path), ["/loader/snponly.efi", "/loader/snponly.efi", "/boot"]);
    await other.stop();
});

test("machines known by UUID and by serial number, a script from elsewhere, and the other ways to the disk", { timeout: 2 * patience }, async () => {
    const { port } = elsewhere.address() as AddressInfo;
    project.edit(() => `${prelude}
const master = new netboot.MasterServer("classroom", { connection, address: site.require("address"), unknownMachines: "register", localBoot: { method: "sanboot" } });
new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });
new netboot.Machine("by-uuid", { master, uuid: "${seat.uuid}", boot: boot.chain("http://${lab.network.gateway}:${port}/script?a=1&b=2"), localBoot: { method: "exit" } });
new netboot.Machine("by-serial", { master, serial: "${teacher.serial}", boot: boot.local({ method: "chain", volume: "${espLabel}", loader: "/EFI/OWN/LOADER.EFI" }) });
`);
    await project.run(["up", "--yes", "--skip-preview"]);
    await Promise.all([bios.reboot(), uefi.reboot()]);

    assert.equal((await bios.waitFor("local", patience)).detail, "LOCAL-DISK-BOOTED bios");
    assert.ok(bios.serial().some((line) => line.endsWith(`FROM-ELSEWHERE ${seat.mac}`)));
    assert.deepEqual(seen, ["/script?a=1&b=2"]);
    assert.ok(!bios.serial().some((line) => /Booting from SAN device/.test(line)), "it was to leave the disk to the firmware");

    // No firmware would find that loader: it is not where removable disks have theirs.
    assert.equal((await uefi.waitFor("local", patience)).detail, "LOCAL-DISK-BOOTED uefi");
    assert.ok(uefi.serial().some((line) => line.includes(`file://${espLabel}/EFI/OWN/LOADER.EFI`)));

    await Promise.all([bios.stop(), uefi.stop()]);
    const other = await startClient(lab, { name: "stranger-2", firmware: "bios", ...stranger, disk: bootableDisk() });
    assert.equal((await other.waitFor("local", patience)).detail, "LOCAL-DISK-BOOTED bios");
    assert.ok(other.serial().some((line) => /Booting from SAN device 0x8/.test(line)));
    const log = await master.exec("cat /var/log/netboot/unknown.log");
    assert.match(log, new RegExp(` mac=${stranger.mac.replaceAll(":", "-")} uuid=${stranger.uuid} serial=A%20stranger arch=\\S+ maker=QEMU model=\\S*Q35`));
    assert.equal(log.trim().split("\n").length, 1, "only the stranger has registered");
});
