// Each kind of firmware to a kernel: UEFI that starts only what is signed, UEFI that boots over HTTP, and 64-bit ARM.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../lab/exec.ts";
import { bootableDisk, type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import { marker } from "../lab/disk/code.ts";
import { arm64, artifacts, signed } from "../setup/where.mjs";
import { listen } from "./asked.ts";
import { openSite, type Site } from "./cli.ts";
import { CMDLINE } from "./rack.ts";

const macs = { http: "52:54:00:00:0f:01", arm: "52:54:00:00:0f:02", secure: "52:54:00:00:0f:03", unsaid: "52:54:00:00:0f:04", forged: "52:54:00:00:0f:05", disk: "52:54:00:00:0f:06", fresh: "52:54:00:00:0f:07", debian: "52:54:00:00:0f:08", cloned: "52:54:00:00:0f:09" };

let lab: Lab;
let master: Master;
let site: Site;
before(async () => {
    lab = await openLab();
    // iPXE for ARM is in the package of Debian 13.
    master = await startMaster(lab, { debian: 13 });
    site = await openSite(lab, master, "", { config: { vmlinuz: arm64.vmlinuz, armInitrd: arm64.initrd, shim: signed.shim, grub: signed.grub } });
    writeFileSync(join(site.folder, "forged"), forged());
    writeFileSync(join(site.folder, "signed.img"), signedDisk());
    site.program(program());
    await site.up();
});
after(async () => {
    site?.[Symbol.dispose]();
    await lab?.close();
});

/** Debian's kernel with its signature, which is no longer its own. */
function forged(): Buffer {
    const kernel = readFileSync(artifacts.vmlinuz);
    kernel[kernel.length >> 1]! ^= 1;
    return kernel;
}

/** A disk whose loaders are signed: the same shim and GRUB, which finds what it does on the disk that it came from. */
const signedDisk = (shim = "/EFI/BOOT/BOOTX64.EFI") =>
    bootableDisk({ uefi: false, files: { [shim]: readFileSync(signed.shim), [shim.replace(/[^/]*$/, "GRUBX64.EFI")]: readFileSync(signed.grub), "/GRUB/GRUB.CFG": Buffer.from(`echo '${marker} signed'\nsleep 600\n`) } });

const program = (more = "") => `
const m = master({ installers: true, imaging: {}, secureBoot: { shim: site.require("shim"), grub: site.require("grub") } });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const x64 = new netboot.KernelImage("x64", { master: m, kernel: site.require("kernel"), initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet" });
const arm = new netboot.KernelImage("arm", { master: m, kernel: site.require("vmlinuz"), initrds: [site.require("armInitrd")], cmdline: "console=ttyAMA0 quiet" });
new netboot.Machine("http", { master: m, mac: "${macs.http}", firmware: "uefi", boot: boot.kernel(x64, { append: "netboot.name=http" }) });
new netboot.Machine("arm", { master: m, mac: "${macs.arm}", firmware: "arm64", boot: boot.kernel(arm, { append: "netboot.name=arm" }) });
new netboot.Machine("secure", { master: m, mac: "${macs.secure}", secureBoot: true, boot: boot.kernel(x64, { append: "netboot.name=secure a=$b;c" }) });
const changed = new netboot.KernelImage("changed", { master: m, kernel: "./forged", initrds: [site.require("initrd")] });
new netboot.Machine("forged", { master: m, mac: "${macs.forged}", secureBoot: true, boot: boot.kernel(changed) });
new netboot.Machine("disk", { master: m, mac: "${macs.disk}", secureBoot: true });
const installer = new netboot.InstallerImage("stand-in", { master: m, family: "custom", kernel: site.require("kernel"), initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet answers={{ url }}" });
const debian = new netboot.InstallerImage("debian", { master: m, family: "debian", package: { name: "debian-installer-13-netboot-amd64" }, cmdline: "${CMDLINE}", template: "d-i passwd/root-login boolean false\\n" });
new netboot.Machine("debian", { master: m, mac: "${macs.debian}", secureBoot: true, boot: boot.install(debian, { disk: "only", generation: 1 }) });
new netboot.Machine("fresh", { master: m, mac: "${macs.fresh}", secureBoot: true, boot: boot.install(installer, { disk: "only", generation: 1 }) });
const golden = new netboot.DiskImage("golden", { master: m, source: "./signed.img" });
new netboot.Machine("cloned", { master: m, mac: "${macs.cloned}", secureBoot: true, boot: boot.clone(golden, { disk: "only", generation: 1 }) });
${more}`;

test("a machine with Secure Boot comes to a signed kernel by shim and GRUB, with its own arguments as they are", { timeout: 600_000 }, async (t) => {
    const client = await startClient(lab, { name: "secure", firmware: "secure", mac: macs.secure, memory: 1024 });
    const { seconds } = await client.waitFor("up", 560_000);
    t.diagnostic(`Secure Boot: up after ${seconds.toFixed(0)} s`);
    assert.match(client.cmdline(), /console=ttyS0 quiet netboot\.name=secure a=\$b;c$/);
    await client.stop();
});

test("a kernel whose signature is not its own is refused on the screen, and the machine goes on to its own disk", { timeout: 400_000 }, async () => {
    const client = await startClient(lab, { name: "forged", firmware: "secure", mac: macs.forged, memory: 1024, disk: signedDisk() });
    await client.waitFor(/^netboot: not fetched, or signed by nobody whom this machine trusts/, 300_000);
    await client.waitFor("local", 90_000);
    assert.match(client.serial().join("\n"), /bad shim signature[^]*netboot: booting the local disk[^]*LOCAL-DISK-BOOTED signed/);
    await client.stop();
});

test("a machine with Secure Boot that is to boot its own disk does so, where that has a system's own loader alone", { timeout: 400_000 }, async () => {
    const client = await startClient(lab, { name: "disk", firmware: "secure", mac: macs.disk, memory: 1024, disk: signedDisk("/EFI/DEBIAN/SHIMX64.EFI") });
    await client.waitFor(/^netboot: booting the local disk/, 300_000);
    await client.waitFor("local", 90_000);
    await client.stop();
});

test("a machine with Secure Boot begins an installation once; broken off, it says so on its screen and to the master, and does not begin again", { timeout: 1_200_000 }, async (t) => {
    const client = await startClient(lab, { name: "fresh", firmware: "secure", mac: macs.fresh, memory: 1024, disk: signedDisk() });
    const { seconds } = await client.waitFor("up", 360_000);
    t.diagnostic(`Secure Boot, an installer: up after ${seconds.toFixed(0)} s`);
    assert.match(client.cmdline(), /answers=http:\S+\/answers\/fresh\/answers netboot\.master=http:\S+ netboot\.machine=fresh netboot\.order=[0-9a-f]{32}$/);
    assert.equal((await master.exec("ls /srv/netboot/claims/*/ | grep -c '^by-'")).trim(), "1");
    // GRUB uses the same ports again, and cannot while the master still holds what it never closed.
    await until("the end of its connections", 400_000, async () => ((await master.exec("ss -Htan 'sport = :80'")).split("\n").every((line) => !line || line.startsWith("LISTEN")) ? true : undefined));
    await client.restart();
    await client.waitFor(/^netboot: this installation has begun before, and is not begun again/, 300_000);
    assert.equal((await master.exec("ls /srv/netboot/claims/*/ | grep -c '^by-'")).trim(), "1");
    assert.match(await master.exec("cat /srv/netboot/reports/fresh/status"), /"stage":"failed","error":"the installation has begun before/);
    await client.stop();
});

test("a real debian-installer, out of its package, starts on a machine with Secure Boot and reads its answers", { timeout: 1_200_000 }, async (t) => {
    const began = Date.now();
    const client = await startClient(lab, { name: "debian", firmware: "secure", mac: macs.debian, memory: 1024, disk: "1G" });
    await until("the answers read", 1_100_000, async () => (/"stage":"start"/.test((await master.tryExec("cat /srv/netboot/reports/debian/status")).stdout) ? true : undefined));
    t.diagnostic(`Secure Boot, debian-installer: from power on to the answers read ${((Date.now() - began) / 1000).toFixed(0)} s`);
    assert.match(await master.exec("grep -c 'GET /answers/debian/preseed.cfg HTTP.* 200' /var/log/netboot/http-access.log"), /^1$/m);
    await client.stop();
});

test("a machine with Secure Boot is cloned, once, and boots its own disk with Secure Boot on", { timeout: 1_800_000 }, async (t) => {
    const began = Date.now();
    const client = await startClient(lab, { name: "cloned", firmware: "secure", mac: macs.cloned, memory: 1024, disk: "96M" });
    await client.waitFor("local", 900_000);
    t.diagnostic(`Secure Boot: from power on to the cloned disk ${((Date.now() - began) / 1000).toFixed(0)} s`);
    const ledger = "sed 's/ .*//' /var/lib/netboot-ledger/cloned; ls /srv/netboot/claims/*/done | wc -l";
    assert.match(await master.exec(ledger), /^ordered\n1\n$/);
    await until("the end of its connections", 400_000, async () => ((await master.exec("ss -Htan 'sport = :80'")).split("\n").every((line) => !line || line.startsWith("LISTEN")) ? true : undefined));
    await client.restart();
    await client.waitFor("local", 400_000);
    assert.ok(!client.serial().some((line) => /imaging system|syntax error/.test(line)), "its order is done, and GRUB is told so");
    await client.stop();
});

test("what cannot be signed is refused in the preview; and, where nobody has said that a machine insists, by its firmware, which goes on to its disk", { timeout: 900_000 }, async () => {
    site.program(program(`new netboot.Machine("unsaid", { master: m, mac: "${macs.unsaid}", secureBoot: true, boot: boot.memtest() });`));
    const { text } = await site.run(["preview"], { expect: 1 });
    assert.match(text, /boot is memtest, and secureBoot says that its firmware starts only what is signed/);
    const client = await startClient(lab, { name: "unsaid", firmware: "secure", mac: macs.unsaid, memory: 1024, disk: signedDisk() });
    await client.waitFor(/Access Denied/, 300_000);
    // It tries HTTP and IPv6 before the disk.
    await client.waitFor("local", 500_000);
    await client.stop();
});

test("UEFI over HTTP comes to its kernel where nothing goes by TFTP", { timeout: 500_000 }, async (t) => {
    site.program(program().replace("subnet, range }", "subnet, range, tftp: false }"));
    await site.up();
    const asked = await listen(master);
    const sent = async () => (await master.exec("journalctl -u netboot-dhcp --no-pager")).split("sent /srv/netboot/tftp/").length;
    const before = await sent();
    const client = await startClient(lab, { name: "http", firmware: "uefi", mac: macs.http, boot: ["http"], memory: 1024 });
    const { seconds } = await client.waitFor("up", 360_000);
    t.diagnostic(`UEFI HTTP boot: up after ${seconds.toFixed(0)} s`);
    assert.match(client.cmdline(), /netboot\.name=http/);
    const paths = (await asked()).map(({ path, status }) => `${path} ${status}`);
    for (const path of ["/loader/snponly.efi", "/boot.ipxe"]) assert.ok(paths.includes(`${path} 200`), paths.join());
    assert.equal(await sent(), before);
    await client.stop();
    site.program(program());
    await site.up();
});

test("64-bit ARM comes to its kernel", { timeout: 600_000 }, async (t) => {
    const client = await startClient(lab, { name: "arm", firmware: "arm64", mac: macs.arm, memory: 1024 });
    const { seconds } = await client.waitFor("up", 560_000);
    t.diagnostic(`ARM: up after ${seconds.toFixed(0)} s`);
    assert.match(client.cmdline(), /console=ttyAMA0 quiet netboot\.name=arm/);
    await client.waitFor(/^NETBOOT-UP machine=aarch64/);
    await client.stop();
});
