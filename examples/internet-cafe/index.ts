import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// An internet café, run from its desk: every seat offers two systems. What is done in the one is gone with its next boot; the other keeps what is installed on it until the night.
// The desk sees all seats at http://ADDRESS/page/, and whoever may run Pulumi switches their sockets:
//   npx netboot power on 'seat-*'        npx netboot power cycle seat-07        npx netboot power status --all
// Every morning at five, with all seats off, cron makes the second system anew on all of them:
//   0 5 * * * cd /srv/cafe && pulumi config set night $(($(date +\%s) / 86400)) && pulumi up --yes --continue-on-error
// A seat that is on is not touched, and named in what `up` says; it has its turn with the next one.
const site = new pulumi.Config();

const master = new netboot.MasterServer("cafe", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
    storage: { path: "/srv/netboot/volumes" }, // XFS or btrfs, mounted there
    page: { allow: [site.require("desk")] },
    power: { atOnce: 4, pauseSeconds: 5 }, // what the breaker bears
});

const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

const volume = (name: string) => new netboot.Volume(name, { master, from: new netboot.DiskImage(name, { master, source: site.require(`${name}Image`) }) });

const menu = new netboot.BootMenu("seats", {
    master,
    title: "Internet cafe",
    entries: [
        { name: "web", label: "Web and office, fresh for each guest", key: "w", boot: boot.diskless(volume("office"), { persist: "discard" }) },
        { name: "games", label: "Games, kept until tonight", key: "g", boot: boot.diskless(volume("games"), { generation: site.requireNumber("night") }) },
    ],
    default: "web",
    timeout: 15,
});

/** A program of the café's on the master, which talks to its sockets: docs/power.md. It switches by hand only, so that no `up` takes a guest's machine away. */
const socket = (outlet: number): netboot.Power => ({ driver: "command", command: ["/usr/local/sbin/strip", "--outlet", String(outlet)], environment: { STRIP_PASSWORD: site.requireSecret("stripPassword") } });

const seats = site.requireObject<Record<string, { mac: string; address: string; outlet: number }>>("seats");
for (const [name, { mac, address, outlet }] of Object.entries(seats))
    new netboot.Machine(name, { master, mac, pool: lan, address, hostname: name, boot: boot.menu(menu), power: socket(outlet) });
