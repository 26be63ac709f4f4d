import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// One machine is installed by hand and captured; once the program names the image's digest, the others become what it was.
const site = new pulumi.Config();

const master = new netboot.MasterServer("lab", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
    imaging: { authorizedKeys: site.getObject<string[]>("authorizedKeys") ?? [], captureLimit: "100GB" },
    maxErase: 30,
});

new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

new netboot.Machine("gold", { master, mac: site.require("gold"), boot: boot.capture({ disk: "only", name: "golden", generation: 1 }) });

// `npx netboot status` prints it when the disk is on the master: pulumi config set golden 9f2c…
const sha256 = site.get("golden");
if (sha256) {
    const golden = new netboot.DiskImage("golden", { master, source: { master: "/srv/netboot/captures/golden/1.zst" }, sha256 });
    for (const [name, mac] of Object.entries(site.requireObject<Record<string, string>>("seats")))
        new netboot.Machine(name, { master, mac, boot: boot.clone(golden, { disk: "only", generation: 1, expand: "last", hostname: name }) });
}
