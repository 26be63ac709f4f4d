import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// A classroom: every seat shows a menu for some seconds, then boots its own disk; the teacher's seat gets straight to the rescue system.
const site = new pulumi.Config();

const master = new netboot.MasterServer("classroom", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
});

const lan = new netboot.DhcpPool("lan", {
    master,
    subnet: site.require("subnet"),
    range: site.require("range"),
    domain: "classroom.test",
    leaseTime: "8h",
});

const rescue = new netboot.KernelImage("rescue", {
    master,
    kernel: site.require("kernel"),
    initrds: [site.require("initrd")],
    cmdline: "console=ttyS0 quiet",
});

const menu = new netboot.BootMenu("seats", {
    master,
    title: "Classroom",
    entries: [
        { name: "disk", label: "Local disk", key: "d", boot: boot.local() },
        { name: "rescue", label: "Rescue system", key: "r", boot: boot.kernel(rescue) },
        { name: "shell", label: "iPXE shell", key: "s", boot: boot.shell() },
    ],
    default: "disk",
    timeout: 10,
});

const seats = site.requireObject<Record<string, { mac: string; address: string }>>("seats");
for (const [name, { mac, address }] of Object.entries(seats))
    new netboot.Machine(name, { master, mac, pool: lan, address, hostname: name, boot: boot.menu(menu) });

new netboot.Machine("teacher", { master, mac: site.require("teacher"), boot: boot.kernel(rescue, { append: "netboot.name=teacher" }) });
