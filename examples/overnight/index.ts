import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// A classroom is written anew overnight: the seats are started from the network (by hand, by a timer of their firmware, or by `netboot power on` where they have a `power`), gather, take the image from one multicast stream, prove it, and switch themselves off.
// In the morning they boot their own disks. The next term is a new image and a `generation` one higher.
const site = new pulumi.Config();
const seats = site.requireObject<Record<string, string>>("seats");

const master = new netboot.MasterServer("lab", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
    // All seats, or those that have come five minutes after the first: nobody waits for a machine that does not start.
    imaging: { multicast: { rate: "300m", machines: Math.max(2, Object.keys(seats).length), wait: 300 } },
    maxErase: Object.keys(seats).length,
});

new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

const classroom = new netboot.DiskImage("classroom", { master, source: site.require("image") });

for (const [name, mac] of Object.entries(seats))
    new netboot.Machine(name, {
        master, mac,
        boot: boot.clone(classroom, { disk: "only", generation: site.requireNumber("term"), transport: "auto", verify: "full", hostname: name, then: "poweroff" }),
    });
