import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// Many machines from a data file: one line a machine, one resource for all of them.
const site = new pulumi.Config();

const master = new netboot.MasterServer("farm", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
});

const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

const worker = new netboot.KernelImage("worker", {
    master,
    kernel: site.require("kernel"),
    initrds: [site.require("initrd")],
    cmdline: "console=ttyS0 quiet",
});

const [, ...rows] = readFileSync(join(__dirname, site.get("file") ?? "machines.csv"), "utf8").trim().split("\n");
const machines = Object.fromEntries(
    rows.map((row) => {
        const [name, mac] = row.split(",");
        return [name, { mac, boot: boot.kernel(worker, { append: `netboot.name=${name}` }) }];
    }),
);

new netboot.Fleet("workers", { master, pool: lan, machines });
