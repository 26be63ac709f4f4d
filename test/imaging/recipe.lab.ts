// The imaging system, built on real masters and booted: what /netboot/run may count on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { imaging } from "../../provider/dist/imaging/index.js";
import { makeByHand, say } from "../lab/handMade.ts";
import { type Client, differences, type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import { ed25519 } from "../ssh/keys.ts";
import { login } from "../ssh/login.ts";
import { DIGEST, stubClient } from "./stub.ts";

const site = "/srv/hand-made/imaging";
const keys = ed25519({ comment: "imaging" });
const stub = stubClient({ tools: ["curl", "dd", "sha256sum", "zstd", "sfdisk", "e2fsck", "resize2fs", "xfs_growfs", "btrfs", "udp-receiver"] });
/** Small, and in main: with what Intel's C600 disk controllers ask for. */
const FIRMWARE = "firmware-linux-free";
const { script } = imaging({ authorizedKeys: [keys.public], firmware: [FIRMWARE] }, stub.folder);
/** Debian 13's, and a second build, are for `npm run test:long`. */
const long = Boolean(process.env["NETBOOT_LONG"]);
const releases = long ? ([12, 13] as const) : ([12] as const);
let lab: Lab;
let masters: Master[];

before(async () => {
    lab = await openLab();
    masters = await Promise.all(releases.map((debian, i) => startMaster(lab, { debian, address: lab.at(2 + i) })));
    await Promise.all(masters.map((master) => makeByHand(master, { ranges: [], script: "" }).then(() => master.exec("mkdir -p /root/first /root/again"))));
    await Promise.all(masters.map((master) => master.container.copyContentToContainer([{ target: "/root/build", content: script }])));
});
after(async () => {
    stub.remove();
    await lab.close();
});

/** What the package has for the kernel, by dpkg's word. */
const packed = (master: Master) => master.exec(`cd "$(mktemp -d)" && apt-get -qq download ${FIRMWARE} 2>/dev/null && dpkg-deb -x ${FIRMWARE}_*.deb . && cd "$(find . -path "*/lib/firmware" | head -n 1)" && ${DIGEST}`);
const build = (master: Master, to: string) => master.exec(`OUT=${to} sh /root/build 4> ${to}.said && stat -c '%a %n' ${to}/*`);

for (const [i, debian] of releases.entries())
    test(`on Debian ${debian} it is built${long ? " twice the same" : ""}, and leaves nothing behind but what was asked for`, { timeout: 600_000 }, async (t) => {
        const master = masters[i]!;
        const then = await master.snapshot();
        const began = Date.now();
        assert.equal(await build(master, "/root/first"), "644 /root/first/initrd\n644 /root/first/vmlinuz\n");
        t.diagnostic(`${((Date.now() - began) / 1000).toFixed(0)} s; ${(await master.exec("tail -n 1 /root/first.said")).trim()}`);
        if (long) {
            await build(master, "/root/again");
            assert.equal(await master.exec("cd /root/first && sha256sum * | (cd ../again && sha256sum -c --quiet)"), "");
        }
        const left = differences(then, await master.snapshot()).map(({ kind, what }) => `${kind} ${what}`);
        assert.deepEqual(left.filter((line) => !/ \/root\/(first|again)/.test(line)), []);
        await master.exec(`mkdir -p ${site} && mv /root/first/* ${site}`);
    });

test("firmware that the master's sources have not is named, with where it is, before anything is fetched", { timeout: 60_000 }, async () => {
    const [master] = masters as [Master];
    await master.container.copyContentToContainer([{ target: "/root/other.sh", content: imaging({ firmware: [FIRMWARE, "firmware-bnx2"] }, stub.folder).script }]);
    const { stderr } = await master.tryExec("mkdir -p /root/other && OUT=/root/other sh /root/other.sh 4>/root/other.said");
    assert.match(stderr, /^imaging system: apt knows no way to get firmware-bnx2 firmware-linux-free: E: .*firmware-bnx2.*firmware is in non-free-firmware\)$/m);
    assert.equal(await master.exec("cat /root/other.said; ls /root/other; rm -r /root/other*"), "reading what the packages need\n");
});

test("a higher generation reads the master's package lists anew, and says so if it cannot", { timeout: 300_000 }, async () => {
    const [master] = masters as [Master];
    await master.container.copyContentToContainer([{ target: "/root/again.sh", content: imaging({ authorizedKeys: [keys.public], generation: 2 }, stub.folder).script }]);
    // It goes no further than its lists: there is no folder to build in.
    const begun = (more: string) => master.tryExec(`${more}; OUT=/nowhere sh /root/again.sh`);
    const { stderr } = await begun("rm -rf /var/lib/apt/lists/*");
    assert.match(stderr, /^imaging system: \$OUT is no folder: \/nowhere$/m);
    assert.notEqual(await master.exec("ls /var/lib/apt/lists | grep Packages"), "");
    const unreachable = await begun("echo 'deb http://127.0.0.1:9 bookworm main' >/etc/apt/sources.list.d/nowhere.list");
    assert.match(unreachable.stderr, /^imaging system: apt-get update: .*127\.0\.0\.1:9/m);
    await master.exec("rm /etc/apt/sources.list.d/nowhere.list");
});

// Two disks that cost nothing, and as a real one's each has a name.
const nothing = (name: string) => ["-blockdev", `driver=null-co,node-name=${name},size=67108864,read-zeroes=on`];
const disks = [
    ...[...nothing("virtio"), "-device", "virtio-blk-pci,drive=virtio,serial=VIRTIO-1"],
    ...[...nothing("nvme"), "-device", "nvme,drive=nvme,serial=NVME-1"],
    ...[...nothing("sata"), "-device", "ide-hd,drive=sata,bus=ide.1,serial=SATA-1,wwn=0x5000c50012345678"],
];

/** One DHCP server at a time: both masters are on one network. */
async function boot(master: Master, client: { name: string; firmware: "bios" | "uefi"; mac: string }, more: string, nic?: "e1000") {
    await Promise.all(masters.map((one) => one.tryExec("pkill dnsmasq; sleep 0.2")));
    await master.exec(`dnsmasq --conf-file=/etc/dnsmasq.conf --dhcp-range=${lab.at(50)},${lab.at(99)},255.255.255.0,1h`);
    const line = `console=tty0 console=ttyS0 netboot.master=http://${master.host} netboot.machine=${client.name} netboot.mac=\${mac} ${more}`;
    await say(master, ["#!ipxe", `kernel http://${master.host}/imaging/vmlinuz initrd=initrd ${line}`, `initrd http://${master.host}/imaging/initrd`, "boot", ""].join("\n"));
    const started = await startClient(lab, { ...client, nic, memory: 512, more: disks });
    await started.waitFor(/^FACT end/, 300_000);
    return started;
}

const facts = (client: Client, name: string) => client.serial().filter((line) => line.startsWith(`FACT ${name} `)).map((line) => line.slice(6 + name.length));

async function common(client: Client, master: Master, t: { diagnostic(text: string): void }) {
    t.diagnostic(`${client.stages.map(({ stage, seconds }) => `${stage} ${seconds.toFixed(0)} s`).join(", ")}; memory ${facts(client, "memory")[0]}; ${facts(client, "modules")[0]} modules; ${client.serial().find((line) => / on eth0 after/.test(line))}`);
    const found = facts(client, "disk").map((line) => line.split(" ") as [string, string]);
    for (const [name, device] of [["virtio-VIRTIO-1", "/dev/vda"], ["nvme-QEMU_NVMe_Ctrl_NVME-1", "/dev/nvme0n1"], ["ata-QEMU_HARDDISK_SATA-1", "/dev/sda"], ["wwn-0x5000c50012345678", "/dev/sda"]] as const)
        assert.equal(found.find(([link]) => link === name)?.[1], device, `${name} of ${found.join("; ")}`);
    assert.match(facts(client, "dd")[0]!, /coreutils/);
    assert.deepEqual(facts(client, "modprobe"), ["/usr/bin/kmod"]);
    assert.deepEqual(facts(client, "filesystem"), ["ext4", "xfs", "btrfs", "vfat"]);
    assert.deepEqual(facts(client, "firmware"), [(await packed(master)).trim()]);
    assert.deepEqual(facts(client, "master"), ["200"]);
    const address = facts(client, "address")[0]!.split("/")[0]!;
    assert.match(address, new RegExp(`^${lab.network.subnet.replace(/\d+\/24$/, "").replaceAll(".", "\\.")}\\d+$`));
    return address;
}

test("by BIOS it has an address, the disks' names, and an SSH server for the keys alone", { timeout: 600_000 }, async (t) => {
    const client = await boot(masters[0]!, { name: "bios", firmware: "bios", mac: "52:54:00:00:00:01" }, "", "e1000");
    const address = await common(client, masters[0]!, t);
    const [told] = facts(client, "hostkey");
    const { hostKey, said } = await login(address, { privateKey: keys.private }, "cat /run/imaging/hostkey.pub");
    assert.equal(hostKey, told);
    assert.match(said, /^ssh-ed25519 AAAA/);
    await assert.rejects(login(address, { privateKey: ed25519({ comment: "other" }).private }, ":"), /authentication methods failed/);
    await assert.rejects(login(address, { password: "" }, ":"), /authentication methods failed/);
    await client.waitFor(new RegExp(`/netboot/run has ended with 3`));
    await client.waitFor(new RegExp(`waiting; ssh root@${address}`));
    assert.ok(!client.serial().some((line) => /root shell/.test(line)));
    await client.stop();
});

if (long) test("by UEFI too, with Debian 13's kernel, and a shell on the console where the command line says so", { timeout: 600_000 }, async (t) => {
    const client = await boot(masters[1]!, { name: "uefi", firmware: "uefi", mac: "52:54:00:00:00:02" }, "netboot.shell=1");
    await common(client, masters[1]!, t);
    assert.ok(Number(facts(client, "efi")[0]) > 0);
    await client.waitFor(/a root shell on ttyS0/);
    await new Promise((next) => setTimeout(next, 3000));
    client.type("echo $((6 * 7))-$(id -u)\n");
    await client.waitFor(/^42-0/);
    await client.stop();
});
