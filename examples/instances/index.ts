import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";

// Ten servers without disks, of one template: each has a copy of its own, made in a moment, and cloud-init makes of it what its seed says.
// docs/cloud-init.md says how the template is made.
const site = new pulumi.Config();
const subnet = site.require("subnet");
const address = (last: number) => subnet.replace(/[0-9]+\/.*/, String(last));

const master = new netboot.MasterServer("farm", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
    storage: { path: "/srv/netboot/volumes" }, // XFS or btrfs, mounted there
});

const pool = new netboot.DhcpPool("lan", { master, subnet, range: site.require("range") });

const template = new netboot.Volume("debian", { master, from: new netboot.DiskImage("debian", { master, source: site.require("image") }), history: 1 });

// Eight that share their user data.
for (let n = 1; n < 9; n++)
    new netboot.Instance(`web-${n}`, {
        master, pool, template, mac: `52:54:00:00:03:0${n}`, address: address(20 + n), hostname: `web-${n}`,
        cloudInit: { userData: { path: "./user-data.yaml" }, config: { ROLE: "web", NUMBER: n } },
    });

// One that needs no variables, and whose disk comes from the template's first generation however far that gets on.
new netboot.Instance("build", {
    master, pool, template, at: 1, mac: "52:54:00:00:03:09", address: address(29), hostname: "build",
    cloudInit: { userData: "#cloud-config\npackages: [build-essential]\n" },
});

// And one of a directory, with a password that no state, no preview and no other machine shows.
new netboot.Instance("database", {
    master, pool, template, mac: "52:54:00:00:03:0a", address: address(30), hostname: "database",
    cloudInit: { directory: "./database", config: { PASSWORD: site.getSecret("databasePassword") ?? "" }, rerun: "onChange" },
});
