import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// A classroom: every seat shows a menu for some seconds, then boots its own disk; its tools are behind a password. The teacher's seat gets straight to the rescue system.
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

const tools = new netboot.BootMenu("tools", {
    master,
    title: "Tools",
    password: site.requireSecret("toolsPassword"),
    timeout: 0,
    entries: [
        { name: "hardware", label: "About this machine", key: "a", boot: boot.hardware() },
        { name: "memory", label: "Memory test", key: "m", boot: boot.memtest() },
        { name: "shell", label: "iPXE shell", key: "s", boot: boot.shell() },
        { name: "restart", label: "Restart the machine", key: "n", heading: "Enough", boot: boot.reboot() },
    ],
});

const menu = new netboot.BootMenu("seats", {
    master,
    title: "Classroom",
    entries: [
        { name: "disk", label: "Local disk", key: "d", boot: boot.local() },
        { name: "rescue", label: "Rescue system", key: "r", boot: boot.kernel(rescue) },
        { name: "tools", label: "Tools (password)", key: "t", heading: "For teachers", boot: boot.menu(tools) },
    ],
    default: "disk",
    timeout: 10,
});

const seats = site.requireObject<Record<string, { mac: string; address: string }>>("seats");
for (const [name, { mac, address }] of Object.entries(seats))
    new netboot.Machine(name, { master, mac, pool: lan, address, hostname: name, boot: boot.menu(menu) });

new netboot.Machine("teacher", { master, mac: site.require("teacher"), boot: boot.kernel(rescue, { append: "netboot.name=teacher" }) });
