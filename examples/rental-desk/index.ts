import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// Machines that are rented out. What each may boot stands here; what it boots stands in the stack's configuration, which the desk (desk.mts) or `netboot switch` writes.
// A machine that boots something else is power-cycled once, by the power strip that it hangs on.
const site = new pulumi.Config();

const master = new netboot.MasterServer("rental", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
});

const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

const debian = new netboot.KernelImage("debian", { master, kernel: site.require("kernel"), initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet" });

const desks = site.requireObject<Record<string, { mac: string; address: string; outlet: number }>>("desks");
for (const [name, { mac, address, outlet }] of Object.entries(desks))
    new netboot.Machine(name, {
        master, pool: lan, mac, address,
        boot: boot.choice(name, { disk: boot.local(), debian: boot.kernel(debian), trial: boot.kernel(debian, { append: "netboot.trial=1" }) }),
        power: { driver: "command", command: ["/usr/local/sbin/strip", "--outlet", String(outlet)], onChange: "cycle" },
    });

/** Where the desk looks whether a machine is up. */
export const addresses = Object.fromEntries(Object.entries(desks).map(([name, { address }]) => [name, address]));
