// At boot, whatever the server does: a machine ends at its own disk, or gets through at the next try, as configured. It never
// boots what another machine was meant to, and never hangs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { bootableDisk, type Client, type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import type { Project } from "../pulumi/project.ts";
import { type Plan, sabotage, type Saboteur } from "./saboteur.ts";
import { prelude, site } from "./site.ts";

const machines = { bios: "52:54:00:00:00:21", uefi: "52:54:00:00:00:22", other: "52:54:00:00:00:23" };
const patience = 90_000;

const program = `${prelude}
const master = new netboot.MasterServer("lab", { connection, address: site.require("address"), retries: { count: 1, waitSeconds: 1, stallSeconds: 3 } });
const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });
const rescue = new netboot.KernelImage("rescue", { master, kernel: site.require("kernel"), initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet" });
const machines = site.requireObject<Record<string, { mac: string; address: string }>>("machines");
for (const [name, it] of Object.entries(machines)) new netboot.Machine(name, { master, pool: lan, ...it, boot: boot.kernel(rescue, { append: \`netboot.name=\${name}\` }) });
`;

let lab: Lab;
let master: Master;
let project: Project & Disposable;
let saboteur: Saboteur;

before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    const own = Object.fromEntries(Object.entries(machines).map(([name, mac], i) => [name, { mac, address: lab.at(21 + i) }]));
    project = await site(lab, master, { "index.ts": program }, { machines: own });
    await project.run(["up", "--yes", "--skip-preview"]);
    saboteur = await sabotage(lab, master);
});
after(async () => {
    await saboteur?.[Symbol.asyncDispose]();
    project?.[Symbol.dispose]();
    await lab?.close();
});

interface Case {
    name: string;
    plan: Plan;
    /** All that the machine was answered. */
    told: string[];
    ends: "local" | "up";
}

const broken = (title: string) => `#!ipxe\n# ${title}\necho so far, so good\nfrobnicate --all\nkernel http://192.0.2.1/of-another-machine\nboot\n`;
const through = ["boot.ipxe pass", "boot pass"];

const onBios: Case[] = [
    { name: "boot.ipxe: a server error", plan: { "boot.ipxe": ["500"] }, told: ["boot.ipxe 500"], ends: "local" },
    { name: "boot.ipxe: empty", plan: { "boot.ipxe": ["empty"] }, told: ["boot.ipxe empty"], ends: "local" },
    { name: "boot.ipxe: a stall", plan: { "boot.ipxe": ["stall"] }, told: ["boot.ipxe stall"], ends: "local" },
    { name: "boot.ipxe: broken", plan: { "boot.ipxe": [{ text: broken("boot.ipxe") }] }, told: ["boot.ipxe text"], ends: "local" },
    { name: "the question: a server error, then a stall", plan: { boot: ["500", "stall"] }, told: ["boot.ipxe pass", "boot 500", "boot stall"], ends: "local" },
    { name: "the question: not found, then empty", plan: { boot: ["404", "empty"] }, told: ["boot.ipxe pass", "boot 404", "boot empty"], ends: "local" },
    { name: "the question: cut off, then halting half-way", plan: { boot: ["cut", "halt"] }, told: ["boot.ipxe pass", "boot cut", "boot halt"], ends: "local" },
    { name: "the machine's script: broken", plan: { boot: [{ text: broken("machine bios") }] }, told: ["boot.ipxe pass", "boot text"], ends: "local" },
    { name: "the kernel: a server error, then a stall", plan: { kernel: ["500", "stall"] }, told: [...through, "kernel 500", "kernel stall"], ends: "local" },
    { name: "the kernel: empty, then not found", plan: { kernel: ["empty", "404"] }, told: [...through, "kernel empty", "kernel 404"], ends: "local" },
    { name: "the RAM disk: halting half-way, then not found", plan: { initrd: ["halt", "404"] }, told: [...through, "kernel pass", "initrd halt", "kernel pass", "initrd 404"], ends: "local" },
    { name: "the RAM disk: cut off, then a server error", plan: { initrd: ["cut", "500"] }, told: [...through, "kernel pass", "initrd cut", "kernel pass", "initrd 500"], ends: "local" },
    { name: "question and kernel fail once each, and the server comes back", plan: { boot: ["500"], kernel: ["cut"] }, told: ["boot.ipxe pass", "boot 500", "boot pass", "kernel cut", "kernel pass", "initrd pass"], ends: "up" },
];
const onUefi: Case[] = [
    { name: "boot.ipxe: not found", plan: { "boot.ipxe": ["404"] }, told: ["boot.ipxe 404"], ends: "local" },
    { name: "the machine's script: broken", plan: { boot: [{ text: broken("machine uefi") }] }, told: ["boot.ipxe pass", "boot text"], ends: "local" },
    { name: "the kernel: a stall, then empty", plan: { kernel: ["stall", "empty"] }, told: [...through, "kernel stall", "kernel empty"], ends: "local" },
    { name: "the RAM disk is cut off, and the server comes back", plan: { initrd: ["cut"] }, told: [...through, "kernel pass", "initrd cut", "kernel pass", "initrd pass"], ends: "up" },
];

/** One machine, started anew for each case. */
function suite(firmware: "bios" | "uefi", cases: Case[]): void {
    describe(firmware, { concurrency: 1 }, () => {
        let client: Client | undefined;
        const address = () => lab.at(firmware === "bios" ? 21 : 22);
        for (const { name, plan, told, ends } of cases)
            test(name, { timeout: 2 * patience }, async () => {
                saboteur.plan(address(), plan);
                if (client) await client.reboot();
                else client = await startClient(lab, { name: firmware, firmware, mac: machines[firmware], disk: bootableDisk() });
                const { detail } = await client.waitFor(ends, patience);
                if (ends === "local") assert.equal(detail, `LOCAL-DISK-BOOTED ${firmware}`);
                else assert.match(client.cmdline(), new RegExp(`netboot\\.name=${firmware}$`));
                assert.deepEqual(saboteur.told(address()), told);
                assert.equal(client.stages.some(({ stage }) => stage === "up"), ends === "up");
            });
        test("the HTTP server is gone", { timeout: 2 * patience }, async () => {
            await gone();
            await client!.reboot();
            await client!.waitFor("local", patience);
            await client!.stop();
        });
    });
}

/** Both machines are done with their cases before the server goes. */
let waiting: (() => void)[] = [];
function gone(): Promise<void> {
    return new Promise((resolve, reject) => {
        waiting.push(resolve);
        if (waiting.length < 2) return;
        master.exec("systemctl stop netboot-http.service").then(() => waiting.forEach((go) => go()), reject);
    });
}

describe("a machine whose server fails", { concurrency: 2 }, () => {
    suite("bios", onBios);
    suite("uefi", onUefi);
});
