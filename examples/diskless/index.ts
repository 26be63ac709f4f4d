import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// A classroom without disks: every seat finds one golden disk at each boot, whatever was done to it before, and a home of its own that stays.
// The teacher's machine keeps what it changes. To make that the golden disk: from: { machine: "teacher" }, and the next generation.
const site = new pulumi.Config();

const master = new netboot.MasterServer("diskless", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
    storage: { path: "/srv/netboot/volumes" }, // XFS or btrfs, mounted there
});

const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

const golden = new netboot.Volume("golden", { master, from: new netboot.DiskImage("golden", { master, source: site.require("image") }), history: 1 });
const home = new netboot.Volume("home", { master, size: "2GiB" });

const seats = site.requireObject<Record<string, { mac: string; address: string }>>("seats");
for (const [name, { mac, address }] of Object.entries(seats))
    new netboot.Machine(name, { master, mac, pool: lan, address, hostname: name, boot: boot.diskless(golden, { persist: "discard", dataDisks: [{ volume: home, lun: 2 }] }) });

// The teacher's machine chooses.
const menu = new netboot.BootMenu("teacher", {
    master,
    title: "Teacher",
    entries: [
        { name: "network", label: "System of the classroom", key: "n", boot: boot.diskless(golden) },
        { name: "disk", label: "Own disk", key: "d", boot: boot.local() },
    ],
    default: "network",
    timeout: 10,
});
const teacher = site.requireObject<{ mac: string; address: string }>("teacher");
new netboot.Machine("teacher", { master, mac: teacher.mac, pool: lan, address: teacher.address, boot: boot.menu(menu) });
