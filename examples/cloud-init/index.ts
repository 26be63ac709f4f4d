import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

// Servers that run one image over the network; cloud-init makes of each what its row says. The image has cloud-init in it.
const site = new pulumi.Config();

const master = new netboot.MasterServer("farm", {
    connection: { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") },
    address: site.require("address"),
});

const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });

const debian = new netboot.KernelImage("debian", {
    master,
    kernel: site.require("kernel"),
    initrds: [site.require("initrd")],
    cmdline: "console=ttyS0 quiet ip=dhcp",
});

const kernel = boot.kernel(debian);
new netboot.Fleet("servers", {
    master,
    pool: lan,
    cloudInit: { userData: { path: "./user-data.yaml" }, config: { SITE: "lab", ROLE: "web" } },
    machines: {
        "web-1": { mac: "52:54:00:00:02:01", hostname: "web-1", boot: kernel },
        "web-2": { mac: "52:54:00:00:02:02", hostname: "web-2", boot: kernel },
        "db-1": { mac: "52:54:00:00:02:03", hostname: "db-1", boot: kernel, config: { ROLE: "database", TOKEN: site.getSecret("token") ?? "none" } },
    },
});
