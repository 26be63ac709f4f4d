// What the end-to-end tests share: an example program set up against a lab's master.
import { artifacts } from "../setup/where.mjs";
import type { Lab } from "../lab/lab.ts";
import type { Master } from "../lab/master.ts";
import { openProject, type Project } from "../pulumi/project.ts";

/** The configuration that every example takes. */
export const settings = (lab: Lab, master: Master) => ({
    host: master.host, hostKey: master.hostKey, user: "root", keyPath: master.privateKeyPath, address: master.host,
    subnet: lab.network.subnet, range: `${lab.at(100)}-${lab.at(150)}`, kernel: artifacts.vmlinuz, initrd: artifacts.initrd, toolsPassword: "correct horse",
});

/** A project of an example (or of files), configured for this master; gone at the end of the scope. */
export async function site(lab: Lab, master: Master, example: string | Record<string, string>, more: Record<string, unknown> = {}): Promise<Project & Disposable> {
    const project = await openProject(example, { ...settings(lab, master), ...more });
    // Only the types of examples are worth the two seconds that a check of them takes.
    if (typeof example !== "string") project.env["PULUMI_NODEJS_TRANSPILE_ONLY"] = "true";
    return { ...project, [Symbol.dispose]: () => project.remove() };
}

/** The first lines of every test program: a master, and the configuration. */
export const prelude = `
import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;
const site = new pulumi.Config();
const connection = { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") };
`;
export const masterAndPool = `${prelude}
const master = new netboot.MasterServer("lab", { connection, address: site.require("address") });
const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });
`;
