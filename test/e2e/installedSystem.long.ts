// An installed Debian, cloned to larger disks: it starts from GRUB, has grown, is itself, and is left alone until the next generation.
import assert from "node:assert/strict";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Client, startClient } from "../lab/client.ts";
import { ask, login } from "../lab/console.ts";
import { EMULATED } from "../lab/emulated.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { debianDisk } from "../setup/where.mjs";
import { openSite, type Site } from "./cli.ts";

const reboots = process.env["NETBOOT_LONG"] ? 10 : 2;
const DISK = 1536 << 20;
const macs = { "desk-bios": "52:54:00:00:0d:01", "desk-uefi": "52:54:00:00:0d:02" };
const hosts = Object.keys(macs) as (keyof typeof macs)[];
const firmwareOf = (host: string) => host.slice(5) as "bios" | "uefi";

let lab: Lab, master: Master, site: Site;
const clients: Record<string, Client> = {};
const identities: Record<string, string[]> = {};
/** How often a client has started the imaging system. */
const imaging: Record<string, number> = {};
before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
});
after(async () => {
    site?.[Symbol.dispose]();
    await lab.close();
});

const program = (generations: Record<string, number>) => `
const m = master({ imaging: { cmdline: "console=ttyS0 ${EMULATED}" } });
new netboot.DhcpPool("lan", { master: m, subnet, range });
const debian = new netboot.DiskImage("debian", { master: m, source: "./debian.img.zst" });
for (const [name, { mac, generation }] of Object.entries(${JSON.stringify(Object.fromEntries(hosts.map((host) => [host, { mac: macs[host], generation: generations[host] }])))}))
    new netboot.Machine(name, { master: m, mac, boot: boot.clone(debian, { disk: "only", generation, expand: "last", hostname: name }) });
`;

const each = (work: (host: string, client: Client) => Promise<void>) => Promise.all(hosts.map((host) => work(host, clients[host]!)));
const ledger = (host: string) => master.exec(`cut -d' ' -f1,2 /var/lib/netboot-ledger/${host} | tr '\\n' ','`);
/** What makes a machine itself: two clones have none of it in common. */
const identity = async (client: Client) => [await ask(client, "cat /etc/machine-id"), await ask(client, "cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub")];

/** The system on the disk is the image's, grown, and this machine's. */
async function right(host: string, client: Client): Promise<void> {
    // A BIOS moves the cursor in the middle of words.
    assert.match(client.serial().join("").replace(/\s/g, ""), /GRUBoftheinstalledsystem/, host);
    await login(client, host);
    assert.equal(await ask(client, "md5sum -c --quiet /var/lib/content.md5 && echo whole"), "whole");
    assert.equal(await ask(client, "systemctl is-system-running --wait"), "running");
    assert.match(await ask(client, "grep 127.0.1.1 /etc/hosts"), new RegExp(`^127\\.0\\.1\\.1\\s${host}$`));
    const grown = Number(await ask(client, "df --output=size -B1 / | tail -n 1"));
    assert.ok(grown > 0.9 * DISK, `${grown} of ${DISK} bytes`);
    const was = identities[host] ?? [], is = await identity(client);
    assert.match(is[0]!, /^[0-9a-f]{32}$/);
    assert.ok(!is.includes("0123456789abcdef0123456789abcdef"), "the image's machine-id is nobody's");
    const others = Object.entries(identities).flatMap(([name, all]) => (name === host ? was : all));
    for (const one of is) assert.ok(!others.includes(one), `${host}: ${one} is another's, or of the system before`);
    identities[host] = is;
}

test("a BIOS and a UEFI machine are cloned, and start the installed system as their own", { timeout: 1_800_000 }, async (t) => {
    site = await openSite(lab, master, program({ "desk-bios": 1, "desk-uefi": 1 }));
    symlinkSync(debianDisk.packed, join(site.folder, "debian.img.zst"));
    t.diagnostic(`up ${(await site.up()).seconds.toFixed(0)} s`);
    await Promise.all(hosts.map(async (host) => {
        const firmware = firmwareOf(host);
        // A machine whose firmware prefers the disk: an empty one sends it to the network, and from then on that must come first.
        const client = (clients[host] = await startClient(lab, { name: host, firmware, mac: macs[host], disk: `${DISK}`, memory: 768, boot: firmware === "uefi" ? ["disk", "pxe"] : ["pxe", "disk"] }));
        client.onStage(({ stage, detail }) => { if (stage === "kernel" && /\/imaging\/.*vmlinuz/.test(detail)) imaging[host] = (imaging[host] ?? 0) + 1; });
        const began = Date.now();
        await client.waitFor(new RegExp(`^${host} login:`), 1_200_000);
        t.diagnostic(`${host}: from power on to the login ${((Date.now() - began) / 1000).toFixed(0)} s`);
        assert.ok(client.stages.some(({ stage }) => stage === "script"), `${host}: the network is asked first`);
    }));
    await each(right);
});

test(`started again ${reboots} times, they ask the network first, and never erase`, { timeout: 3_600_000 }, async () => {
    await each(async (host, client) => {
        for (let n = 1; n <= reboots; n++) {
            const { resets } = client;
            await client.restart();
            await until(`${host} starts again`, 600_000, async () => (client.resets > resets ? true : undefined));
            await client.waitFor(new RegExp(`^${host} login:`), 600_000);
            assert.ok(client.stages.some(({ stage }) => stage === "script"), `${host}: the network is asked first`);
        }
        assert.equal(imaging[host], 1);
        await login(client, host);
        assert.deepEqual(await identity(client), identities[host]);
    });
});

test("a generation more is one clone more, of that machine alone", { timeout: 1_800_000 }, async () => {
    site.program(program({ "desk-bios": 2, "desk-uefi": 1 }));
    await site.up();
    assert.equal(await ledger("desk-bios"), "ordered 1,done 1,ordered 2,");
    const client = clients["desk-bios"]!;
    await client.restart();
    await client.waitFor(/^\s*netboot: imaging system|imaging\/.*initrd/, 600_000);
    await client.waitFor(/^desk-bios login:/, 1_200_000);
    await right("desk-bios", client);
    assert.equal(imaging["desk-bios"], 2);
    assert.equal((await master.exec("grep -lx 'generation 2' /srv/netboot/claims/*/done | wc -l")).trim(), "1");
    site.program(program({ "desk-bios": 3, "desk-uefi": 1 }));
    await site.up();
    assert.equal(await ledger("desk-bios"), "ordered 1,done 1,ordered 2,done 2,ordered 3,");
    assert.equal(await ledger("desk-uefi"), "ordered 1,");
});
