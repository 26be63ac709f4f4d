import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

const site = new pulumi.Config();

const master = new netboot.MasterServer("lab", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
});

new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

const rescue = new netboot.KernelImage("rescue", {
    master,
    kernel: site.require("kernel"),
    initrds: [site.require("initrd")],
    cmdline: "console=ttyS0 quiet",
});

const desks = { "desk-01": "52:54:00:00:00:01", "desk-02": "52:54:00:00:00:02" };
for (const [name, mac] of Object.entries(desks))
    new netboot.Machine(name, { master, mac, boot: boot.kernel(rescue, { append: `netboot.name=${name}` }) });
