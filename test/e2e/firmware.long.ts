// Each kind of firmware to a kernel: UEFI that boots over HTTP and never speaks TFTP, 64-bit ARM, and UEFI that starts only what is signed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import { arm64, signed } from "../setup/where.mjs";
import { listen } from "./asked.ts";
import { openSite, type Site } from "./cli.ts";

const macs = { http: "52:54:00:00:0f:01", arm: "52:54:00:00:0f:02", secure: "52:54:00:00:0f:03", unsigned: "52:54:00:00:0f:04" };

let lab: Lab;
let master: Master;
let site: Site;
before(async () => {
    lab = await openLab();
    // iPXE for ARM is in the package of Debian 13.
    master = await startMaster(lab, { debian: 13 });
    site = await openSite(lab, master, program(), { config: { vmlinuz: arm64.vmlinuz, armInitrd: arm64.initrd, shim: signed.shim, grub: signed.grub } });
    await site.up();
});
after(async () => {
    site?.[Symbol.dispose]();
    await lab?.close();
});

const program = (more = "") => `
const m = master({ secureBoot: { shim: site.require("shim"), grub: site.require("grub") } });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const x64 = new netboot.KernelImage("x64", { master: m, kernel: site.require("kernel"), initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet" });
const arm = new netboot.KernelImage("arm", { master: m, kernel: site.require("vmlinuz"), initrds: [site.require("armInitrd")], cmdline: "console=ttyAMA0 quiet" });
new netboot.Machine("http", { master: m, mac: "${macs.http}", firmware: "uefi", boot: boot.kernel(x64, { append: "netboot.name=http" }) });
new netboot.Machine("arm", { master: m, mac: "${macs.arm}", firmware: "arm64", boot: boot.kernel(arm, { append: "netboot.name=arm" }) });
new netboot.Machine("secure", { master: m, mac: "${macs.secure}", secureBoot: true, boot: boot.kernel(x64, { append: "netboot.name=secure a=$b;c" }) });
${more}`;

test("UEFI over HTTP comes to its kernel without a word of TFTP", { timeout: 400_000 }, async (t) => {
    const asked = await listen(master);
    const client = await startClient(lab, { name: "http", firmware: "uefi", mac: macs.http, boot: ["http"], memory: 1024 });
    const { seconds } = await client.waitFor("up", 360_000);
    t.diagnostic(`UEFI HTTP boot: up after ${seconds.toFixed(0)} s`);
    assert.match(client.cmdline(), /netboot\.name=http/);
    assert.deepEqual((await asked()).slice(0, 1).map(({ path, status }) => [path, status]), [["/loader/snponly.efi", 200]]);
    assert.doesNotMatch(await master.exec("journalctl -u netboot-dhcp --no-pager"), new RegExp(`sent /srv/netboot/tftp/snponly.efi`));
    await client.stop();
});

test("64-bit ARM comes to its kernel", { timeout: 600_000 }, async (t) => {
    const client = await startClient(lab, { name: "arm", firmware: "arm64", mac: macs.arm, memory: 1024 });
    const { seconds } = await client.waitFor("up", 560_000);
    t.diagnostic(`ARM: up after ${seconds.toFixed(0)} s`);
    assert.match(client.cmdline(), /console=ttyAMA0 quiet netboot\.name=arm/);
    await client.waitFor(/^NETBOOT-UP machine=aarch64/);
    await client.stop();
});

test("a machine with Secure Boot comes to a signed kernel by shim and GRUB, with its own arguments as they are", { timeout: 600_000 }, async (t) => {
    const client = await startClient(lab, { name: "secure", firmware: "secure", mac: macs.secure, memory: 1024 });
    const { seconds } = await client.waitFor("up", 560_000);
    t.diagnostic(`Secure Boot: up after ${seconds.toFixed(0)} s`);
    assert.match(client.cmdline(), /console=ttyS0 quiet netboot\.name=secure a=\$b;c$/);
    await client.stop();
});

test("what is not signed is refused in the preview, and by the machine's firmware where nobody has said that it insists", { timeout: 400_000 }, async () => {
    site.program(program(`new netboot.Machine("unsigned", { master: m, mac: "${macs.unsigned}", secureBoot: true, boot: boot.memtest() });`));
    const { text } = await site.run(["preview"], { expect: 1 });
    assert.match(text, /boot is memtest, and secureBoot says that its firmware starts only what is signed/);
    const client = await startClient(lab, { name: "unsigned", firmware: "secure", mac: macs.unsigned, memory: 1024 });
    await client.waitFor(/Access Denied/, 300_000);
    await client.stop();
});
