import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// A network that already has a DHCP server which nobody may touch: it keeps handing out addresses, the master adds what PXE needs.
const site = new pulumi.Config();

const master = new netboot.MasterServer("pxe", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
    unknownMachines: "local",
});

new netboot.DhcpPool("lan", { master, mode: "proxy", subnet: site.require("subnet") });

const rescue = new netboot.KernelImage("rescue", {
    master,
    kernel: site.require("kernel"),
    initrds: [site.require("initrd")],
    cmdline: "console=ttyS0 quiet",
});

for (const [name, mac] of Object.entries(site.requireObject<Record<string, string>>("machines")))
    new netboot.Machine(name, { master, mac, boot: boot.kernel(rescue, { append: `netboot.name=${name}` }) });
