import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// A rack of servers installs itself, each once: Debian from a mirror, nobody at a console. Raise `generation`, and each is installed anew.
const site = new pulumi.Config();
const servers = site.requireObject<Record<string, { mac: string; role: string }>>("servers");

const master = new netboot.MasterServer("lab", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
    installers: true,
    maxErase: Object.keys(servers).length,
});

new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

const debian = new netboot.InstallerImage("debian", {
    master, family: "debian",
    // That of the master's own release: its apt sources must have it.
    package: { name: `debian-installer-${site.get("release") ?? "13"}-netboot-amd64` },
    cmdline: site.get("cmdline") ?? "quiet",
    template: { path: "./preseed.cfg" },
    answers: { mirror: site.require("mirror"), timezone: "Etc/UTC", kernelOptions: site.get("kernelOptions") ?? "" },
});

for (const [name, { mac, role }] of Object.entries(servers))
    new netboot.Machine(name, {
        master, mac, hostname: name,
        boot: boot.install(debian, {
            disk: "only",
            generation: site.requireNumber("generation"),
            // What is secret stands here and not at the installer: then a preview hides the answers, and shows all the rest.
            answers: { role, rootHash: site.requireSecret("rootHash") },
        }),
    });
