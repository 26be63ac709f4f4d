// The lab itself: that clients boot, fall back to their disks and are followed, and that nothing stays behind.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, startClient } from "./client.ts";
import * as dhcp from "./dhcpProbe.ts";
import { bootableDisk } from "./disk/image.ts";
import * as fault from "./fault.ts";
import { startForeignDhcp } from "./foreignDhcp.ts";
import { kernelScript, makeByHand, say } from "./handMade.ts";
import { type Lab, openLab } from "./lab.ts";
import { type Master, startMaster } from "./master.ts";
import { startRelay } from "./relay.ts";
import { differences } from "./snapshot.ts";

// A BIOS goes on to the disk after any exit; UEFI takes success as the end of all booting and shows its menu.
const diskScript = "#!ipxe\niseq ${platform} efi && goto efi ||\nexit\n:efi\nexit 1\n";
const cmdline = "netboot.name=${mac:hexhyp}-${uuid}-${serial}";

let lab: Lab;
let master: Master;
const clients: Client[] = [];

before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    await makeByHand(master, { ranges: [`${lab.at(50)},${lab.at(99)}`], script: kernelScript(master, cmdline) });
});
after(() => lab.close());

const told = (client: Client) => client.stages.map(({ stage, seconds }) => `${stage} ${seconds.toFixed(1)}`).join(", ");

test("a BIOS and a UEFI client boot to the kernel that they are told", async (t) => {
    const kinds = [
        { firmware: "bios", mac: "52:54:00:00:00:01", uuid: "11111111-2222-3333-4444-555555555501", serial: "BIOS-1" },
        { firmware: "uefi", mac: "52:54:00:00:00:02", uuid: "11111111-2222-3333-4444-555555555502", serial: "UEFI-1" },
    ] as const;
    clients.push(...(await Promise.all(kinds.map((kind) => startClient(lab, { name: kind.firmware, ...kind, disk: bootableDisk() })))));
    for (const [i, client] of clients.entries()) {
        await client.waitFor("up", 120_000);
        t.diagnostic(`${client.name}: ${told(client)}`);
        const { mac, uuid, serial } = kinds[i]!;
        assert.match(client.cmdline(), new RegExp(`console=ttyS0 quiet netboot.name=${mac.replaceAll(":", "-")}-${uuid}-${serial}$`));
        assert.deepEqual(client.stages.map(({ stage }) => stage).filter((stage) => ["dhcp", "script", "up"].includes(stage)), ["dhcp", "script", "up"]);
    }
});

test("after a reset they boot their disks, when told so", async (t) => {
    await say(master, diskScript);
    await Promise.all(clients.map((client) => client.reboot()));
    for (const client of clients) {
        const { detail } = await client.waitFor("local", 120_000);
        t.diagnostic(`${client.name}: ${told(client)}`);
        assert.equal(detail, `LOCAL-DISK-BOOTED ${client.name}`);
        assert.equal(client.resets, 1);
    }
});

test("a client whose cable is out says how far it came", async () => {
    const [client] = clients as [Client];
    await client.link(false);
    await client.reboot();
    await assert.rejects(client.waitFor("script", 4000), /bios: script: not within 4 s\. It reached: firmware .*SeaBIOS/s);
    await Promise.all(clients.map((one) => one.stop()));
});

test("a raw BIOS client's questions, as a relay and on the wire", async () => {
    const exchange = { network: lab.network, client: "biosPxe", mac: "52:54:00:00:01:01", server: master.host } as const;
    const { answer } = await dhcp.acquire(exchange);
    assert.equal(answer.type, "ack");
    assert.equal(answer.bootFile, "undionly.kpxe");
    assert.equal(answer.nextServer, master.host);
    const [direct] = await dhcp.discover({ ...exchange, server: undefined, client: "uefi64", waitMs: 1000 });
    assert.deepEqual([direct!.from, direct!.bootFile, direct!.address], [master.host, "snponly.efi", answer.address]);
});

test("a foreign DHCP server answers beside the master, and is heard until its cable is pulled", async () => {
    const foreign = await startForeignDhcp(lab, { more: ["--dhcp-boot=foreign.0"] });
    const exchange = { network: lab.network, client: "biosPxe", mac: "52:54:00:00:01:02", waitMs: 1000 } as const;
    const servers = async () => (await dhcp.discover(exchange)).map(({ from }) => from).sort();
    assert.deepEqual(await servers(), [master.host, foreign.address]);
    assert.match(await foreign.log(), /DHCPOFFER.*52:54:00:00:01:02/);
    await fault.unplug(lab, foreign);
    assert.deepEqual(await servers(), [master.host]);
    await fault.plug(lab, foreign);
    assert.deepEqual(await servers(), [master.host, foreign.address]);
    await fault.freeze(foreign);
    assert.deepEqual(await servers(), [master.host]);
    await foreign.stop();
});

test("a subnet behind a relay is another wire", async () => {
    const far = await lab.addNetwork();
    const relay = await startRelay(lab, { far, server: master.host });
    await master.exec(`ip route add ${far.subnet} via ${relay.near} && pkill dnsmasq; sleep 0.2
        dnsmasq --conf-file=/etc/dnsmasq.conf --dhcp-range=${far.at(50)},${far.at(99)},255.255.255.0,1h`);
    const [offer] = await dhcp.discover({ network: far, client: "uefi64", mac: "52:54:00:00:01:03", waitMs: 1500 });
    assert.deepEqual([offer?.message.giaddr, offer?.nextServer, offer?.bootFile], [relay.far, master.host, "snponly.efi"]);
    assert.equal(offer?.address.replace(/\d+$/, "0/24"), far.subnet);
});

test("an inventory sees a file, a mode and a package, and leaves out what no one did", async () => {
    const then = await master.snapshot();
    assert.deepEqual(differences(then, await master.snapshot()), []);
    await master.exec("echo x > '/etc/with a blank'; chmod 600 /etc/issue; ln -s nowhere /srv/link; echo log > /var/log/new");
    const seen = differences(then, await master.snapshot()).map(({ kind, what }) => `${kind} ${what}`);
    assert.deepEqual(seen.sort(), ["added /etc/with a blank", "added /srv/link", "changed /etc/issue"]);
});
