// Instances of one template with a real Debian on it: each takes its root from the disk that iPXE leaves word of, and cloud-init makes of it what its seed says.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { type Client, startClient } from "../lab/client.ts";
import { ask, loginWhenSeeded } from "../lab/console.ts";
import { bootFiles } from "../lab/disk/bootFiles.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import { templateDisk } from "../setup/where.mjs";
import { openSite, type Site } from "./cli.ts";

const STORE = "/srv/netboot/volumes";
const golden = readFileSync(templateDisk.digest, "utf8").trim();
/** One keeps what it writes; the other forgets it at each boot, and has its kernel from the program. */
const hosts = ["web-bios", "web-uefi"] as const;
type Host = (typeof hosts)[number];
const macs = { "web-bios": "52:54:00:00:0f:01", "web-uefi": "52:54:00:00:0f:02" };

let lab: Lab;
let master: Master;
let site: Site;
let store: { unmount(): Promise<void> } | undefined;
const clients = {} as Record<Host, Client>;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    store = await mountStore(master, STORE, "4G");
    const cmdline = bootFiles(zstdDecompressSync(readFileSync(templateDisk.packed)), lab.folder);
    site = await openSite(lab, master, program(), { config: { cmdline } });
    for (const name of ["vmlinuz", "initrd.img"]) symlinkSync(join(lab.folder, name), join(site.folder, name));
    symlinkSync(templateDisk.packed, join(site.folder, "debian.img.zst"));
    writeFileSync(join(site.folder, "user-data.yaml"), userData);
    mkdirSync(join(site.folder, "seed"));
    writeFileSync(join(site.folder, "seed/user-data"), userData);
});
after(async () => {
    site?.[Symbol.dispose]();
    await store?.unmount();
    await lab.close();
});

const userData = `#cloud-config
write_files:
  - path: /etc/motd
    content: "{{ hostname }}: {{ config.ROLE }}\\n"
runcmd:
  - mount -r LABEL=cidata /mnt && . /mnt/CONFIG && echo $ROLE >/etc/role; umount /mnt
`;

const program = (role = "web") => `
const m = master({ storage: {} });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const template = new netboot.DiskImage("debian", { master: m, source: "./debian.img.zst" });
const address = (last) => site.require("address").replace(/[0-9]+$/, last);
const config = { ROLE: "${role}" };
const kernel = boot.kernel(new netboot.KernelImage("debian", { master: m, kernel: "./vmlinuz", initrds: ["./initrd.img"], cmdline: site.require("cmdline") }), { append: "by=program" });
new netboot.Instance("web-bios", { master: m, pool: lan, mac: "${macs["web-bios"]}", address: address(21), template, cloudInit: { userData: { path: "./user-data.yaml" }, config } });
new netboot.Instance("web-uefi", { master: m, pool: lan, mac: "${macs["web-uefi"]}", address: address(22), template, persist: "discard", kernel, cloudInit: { directory: "./seed", config } });`;

const each = (work: (host: Host) => Promise<void>) => Promise.all(hosts.map(work));
const digest = async () => (await master.exec(`sha256sum <${STORE}/debian/disk.1`)).slice(0, 64);

interface Identity {
    instanceId: string;
    hostname: string;
    hostKey: string;
    machineId: string;
}
const seen = {} as Record<Host, Identity>;

/** What the system that has come up is, once cloud-init is done. */
async function identity(host: Host): Promise<Identity> {
    const client = clients[host];
    await loginWhenSeeded(client, host);
    assert.match(await ask(client, "cat /run/cloud-init/result.json"), /DataSourceNoCloud \[seed=\/dev\/sd[a-z]\]/);
    return { instanceId: await ask(client, "cat /var/lib/cloud/data/instance-id"), hostname: await ask(client, "hostname"), hostKey: await ask(client, "cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub"), machineId: await ask(client, "cat /etc/machine-id") };
}

test("from firmware to login with BIOS and with UEFI: a root by iSCSI, and each instance is itself", { timeout: 1_800_000 }, async (t) => {
    t.diagnostic(`up ${(await site.up()).seconds.toFixed(0)} s`);
    assert.equal(await digest(), golden);
    await each(async (host) => {
        const began = Date.now();
        clients[host] = await startClient(lab, { name: host, firmware: host.slice(4) as "bios" | "uefi", mac: macs[host], memory: 768 });
        await clients[host].waitFor(new RegExp(`^${host} login:`), 1_200_000);
        const booted = Date.now();
        seen[host] = await identity(host);
        t.diagnostic(`${host}: from power on to the login ${((booted - began) / 1000).toFixed(0)} s, to the end of cloud-init ${((Date.now() - began) / 1000).toFixed(0)} s`);
        const client = clients[host];
        assert.deepEqual([seen[host].hostname, await ask(client, "cat /etc/motd"), await ask(client, "cat /etc/role")], [host, `${host}: web`, "web"]);
        assert.match(await ask(client, "lsblk -dno TRAN,VENDOR /dev/$(lsblk -no PKNAME $(findmnt -no SOURCE /))"), /^iscsi IET$/);
        const secret = (await master.exec(`sed -n 's/^ *incominguser [^ ]* //p' /etc/netboot/iscsi/*:${host}:debian.conf`)).trim();
        const cmdline = await ask(client, "cat /proc/cmdline");
        assert.ok(!cmdline.includes(secret), "the secret is on no command line");
        assert.equal(cmdline.endsWith(" by=program"), host === "web-uefi", cmdline);
        assert.equal(await ask(client, "stat -c %a /sys/firmware/ibft/target0/chap-secret"), "400");
    });
    for (const host of hosts) assert.equal(seen[host].instanceId, `iid-${host}`);
    for (const what of ["instanceId", "hostname", "hostKey", "machineId"] as const) assert.notEqual(seen["web-bios"][what], seen["web-uefi"][what], what);
    assert.equal(await digest(), golden);
});

test("another seed while both are on ends no session; started again, who keeps is who it was, who forgets is made anew", { timeout: 1_800_000 }, async (t) => {
    site.program(program("database"));
    await site.up();
    await each(async (host) => {
        assert.equal(await ask(clients[host], "cat /etc/role"), "web");
        await ask(clients[host], "sync");
        const began = Date.now();
        await clients[host].restart();
        const now = await identity(host);
        t.diagnostic(`${host}: from the restart to the end of cloud-init ${((Date.now() - began) / 1000).toFixed(0)} s`);
        const kept = host === "web-bios";
        assert.equal(await ask(clients[host], "cat /etc/role"), kept ? "web" : "database");
        assert.equal(await ask(clients[host], "grep -ao ROLE=.* /dev/disk/by-label/cidata"), "ROLE=database");
        assert.equal(now.instanceId, seen[host].instanceId);
        for (const what of ["hostKey", "machineId"] as const) assert.equal(now[what] === seen[host][what], kept, `${host}: ${what}`);
    });
    assert.equal(await digest(), golden);
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
});
