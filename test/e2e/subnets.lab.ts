// One master and three subnets: two that it stands in, and one behind a router that relays. Each machine is told an address of
// its own subnet, and servers that it can reach from there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, dhcp, type DhcpAnswer, type Lab, type LabNetwork, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import { type Relay, startRelay } from "../lab/relay.ts";
import type { Project } from "../pulumi/project.ts";
import { listen } from "./asked.ts";
import { prelude, site } from "./site.ts";
import { http, packaged, question, sha256, tftp } from "./wire.ts";

const machines = { wing: "52:54:00:00:00:51", far: "52:54:00:00:00:52" };
const patience = 150_000;
const first = 5000;                      // dnsmasq pings an address for 3 s before it offers it for the first time

let lab: Lab;
let master: Master;
let relay: Relay;
let wing: LabNetwork;                    // the master's second leg
let far: LabNetwork;                     // behind the relay
let project: Project & Disposable;

const program = `${prelude}
const master = new netboot.MasterServer("lab", { connection, address: site.require("address") });
const rescue = new netboot.KernelImage("rescue", { master, kernel: site.require("kernel"), initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet" });
const pools: Record<string, netboot.DhcpPool> = {};
for (const [name, fields] of Object.entries(site.requireObject<Record<string, any>>("pools"))) pools[name] = new netboot.DhcpPool(name, { master, ...fields });
for (const [name, { mac, address }] of Object.entries(site.requireObject<Record<string, any>>("machines")))
    new netboot.Machine(name, { master, mac, pool: pools[name], address, hostname: name, boot: boot.kernel(rescue, { append: \`netboot.name=\${name}\` }) });
`;

before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    [wing, far] = [await lab.addNetwork(), await lab.addNetwork()];
    const second = await master.attach(wing, wing.at(2));
    relay = await startRelay(lab, { far, server: master.host });
    await master.exec(`ip route add ${far.subnet} via ${relay.near}`);
    const range = (network: LabNetwork) => `${network.at(100)}-${network.at(150)}`;
    project = await site(lab, master, { "index.ts": program }, {
        pools: {
            lan: { subnet: lab.network.subnet, range: range(lab.network), router: lab.network.gateway },
            wing: { subnet: wing.subnet, range: range(wing), address: wing.at(2), interface: second, router: wing.gateway, domain: "wing.test" },
            far: { subnet: far.subnet, range: range(far), relay: true, router: relay.far, dns: [relay.far] },
        },
        machines: { wing: { mac: machines.wing, address: wing.at(21) }, far: { mac: machines.far, address: far.at(21) } },
    });
    await project.run(["up", "--yes", "--skip-preview"]);
});
after(async () => {
    project?.[Symbol.dispose]();
    await lab?.close();
});

/** As a machine on that wire would ask: by broadcast. */
async function offered(network: LabNetwork, client: dhcp.ClientKind, mac = "52:54:00:00:00:5f", waitMs = 600): Promise<DhcpAnswer> {
    const offers = await dhcp.discover({ network, client, mac, waitMs });
    assert.equal(offers.length, 1, `${offers.length} offers on ${network.subnet}`);
    return offers[0]!;
}
const inside = ({ address }: DhcpAnswer, network: LabNetwork) => [100, 150].every((last, i) => Math.sign(Number(address.split(".")[3]) - last) !== (i ? 1 : -1)) && address.replace(/\d+$/, "0/24") === network.subnet;

test("on each wire: an address of that subnet, and servers that are reached from there", async () => {
    const wires = [
        { network: lab.network, server: master.host, router: lab.network.gateway, domain: undefined },
        { network: wing, server: wing.at(2), router: wing.gateway, domain: "wing.test" },
        { network: far, server: master.host, router: relay.far, domain: undefined },
    ];
    for (const { network, server, router, domain } of wires) {
        const bios = await offered(network, "biosPxe", undefined, first);
        assert.ok(inside(bios, network), `${bios.address} on ${network.subnet}`);
        assert.deepEqual([bios.bootFile, bios.nextServer, bios.routers, bios.domain], ["undionly.kpxe", server, [router], domain]);
        const ipxe = await offered(network, "ipxeUefi");
        assert.equal(await question(ipxe.bootFile), `http://${server}/boot`);
        const overHttp = await offered(network, "uefi64Http");
        assert.equal(overHttp.bootFile, `http://${server}/loader/snponly.efi`);
    }
    assert.equal(sha256(await tftp(wing.at(2), "undionly.kpxe")), await packaged(master, "undionly.kpxe"));
    assert.match((await http(`http://${wing.at(2)}/boot`)).text, /^#!ipxe/);
});

test("a machine has its address on its own subnet, and is a guest with one of the range on another", async () => {
    assert.deepEqual([(await offered(wing, "system", machines.wing)).address, (await offered(far, "system", machines.far)).address], [wing.at(21), far.at(21)]);
    assert.ok(inside(await offered(lab.network, "system", machines.wing, first), lab.network));
});

test("a UEFI machine boots on the second subnet, and a BIOS machine behind the relay", { timeout: 2 * patience }, async () => {
    const asked = await listen(master);
    const clients: Client[] = await Promise.all([
        startClient(lab, { name: "wing", firmware: "uefi", mac: machines.wing, network: wing }),
        startClient(lab, { name: "far", firmware: "bios", mac: machines.far, network: far }),
    ]);
    for (const client of clients) {
        await client.waitFor("up", patience);
        assert.match(client.cmdline(), new RegExp(`netboot\\.name=${client.name}$`));
    }
    for (const network of [wing, far]) assert.deepEqual((await asked(network.at(21))).map(({ path }) => path), ["/boot", "/vmlinuz", "/initrd.img"], network.subnet);
});
