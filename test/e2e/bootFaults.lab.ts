// At boot, whatever the server does: a machine ends at its own disk, or gets through at the next try, as configured. It never
// boots what another machine was meant to, and never hangs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { bootableDisk, type Client, type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import type { Project } from "../pulumi/project.ts";
import { type Plan, sabotage, type Saboteur } from "./saboteur.ts";
import { prelude, site } from "./site.ts";

const firmwares = ["bios", "uefi"] as const;
type Firmware = (typeof firmwares)[number];
const machines = { bios: "52:54:00:00:00:21", uefi: "52:54:00:00:00:22", other: "52:54:00:00:00:23" };
const patience = 120_000;
/** `npm test` boots UEFI, whose firmware takes twice as long, for the telling ones alone. */
const long = Boolean(process.env["NETBOOT_LONG"]);

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
const clients: Partial<Record<Firmware, Client>> = {};
const address = (firmware: Firmware) => lab.at(21 + firmwares.indexOf(firmware));

before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
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

/** Switches the machine on, or presses its reset button. */
async function start(firmware: Firmware): Promise<Client> {
    const client = clients[firmware];
    if (client) await client.reboot();
    return client ?? (clients[firmware] = await startClient(lab, { name: firmware, firmware, mac: machines[firmware], disk: bootableDisk() }));
}
async function endsAtItsDisk(firmware: Firmware): Promise<void> {
    const client = await start(firmware);
    assert.equal((await client.waitFor("local", patience)).detail, `LOCAL-DISK-BOOTED ${firmware}`);
    assert.ok(!client.stages.some(({ stage }) => stage === "up"));
}
const broken = (title: string) => `#!ipxe\n# ${title}\necho so far, so good\nfrobnicate --all\nkernel http://192.0.2.1/of-another-machine\nboot\n`;

describe("iPXE's first script", { concurrency: 1 }, () => {
    const script = "/srv/netboot/tftp/boot.ipxe";
    before(() => master.exec(`mv ${script} ${script}.good`));
    after(() => master.exec(`mv ${script}.good ${script}`));
    const both = async () => void (await Promise.all(firmwares.map(endsAtItsDisk)));

    test("is not there", { timeout: 2 * patience }, both);

    test("is empty, or broken in the middle", { timeout: 2 * patience }, async () => {
        await master.exec(`: >${script}`);
        await endsAtItsDisk("bios");
        await master.container.copyContentToContainer([{ target: script, content: broken("boot.ipxe"), mode: 0o644 }]);
        await (long ? both() : endsAtItsDisk("uefi"));
    });

    test("stalls: the master's disk hangs while it reads it", { timeout: 2 * patience }, async () => {
        await master.exec(`rm ${script} && mkfifo -m 644 ${script}`);
        await endsAtItsDisk("bios");
        // The questions that came meanwhile are still to be answered, and must not hang again.
        await master.exec(`mv ${script} ${script}.hangs && cp ${script}.good ${script} && timeout 5 sh -c ': >${script}.hangs' && rm ${script}.hangs`);
    });
});

interface Case {
    name: string;
    plan: Plan;
    /** All that the machine was answered. */
    told: string[];
    ends: "local" | "up";
    long?: true;
}
const cases: Record<Firmware, Case[]> = {
    bios: [
        { name: "the question: a server error, then a stall", plan: { boot: ["500", "stall"] }, told: ["boot 500", "boot stall"], ends: "local" },
        { name: "the question: not found, then empty", plan: { boot: ["404", "empty"] }, told: ["boot 404", "boot empty"], ends: "local" },
        { name: "the machine's script: broken in the middle", plan: { boot: [{ text: broken("machine bios") }] }, told: ["boot text"], ends: "local", long: true },
        { name: "the kernel: a server error, then a stall", plan: { kernel: ["500", "stall"] }, told: ["boot pass", "kernel 500", "kernel stall"], ends: "local" },
        { name: "the kernel: empty, then not found", plan: { kernel: ["empty", "404"] }, told: ["boot pass", "kernel empty", "kernel 404"], ends: "local" },
        { name: "the RAM disk: halting half-way, then not found", plan: { initrd: ["halt", "404"] }, told: ["boot pass", "kernel pass", "initrd halt", "kernel pass", "initrd 404"], ends: "local" },
        { name: "question and kernel fail once each, and the server comes back", plan: { boot: ["500"], kernel: ["cut"] }, told: ["boot 500", "boot pass", "kernel cut", "kernel pass", "initrd pass"], ends: "up" },
    ],
    uefi: [
        { name: "the question: cut off, then halting half-way", plan: { boot: ["cut", "halt"] }, told: ["boot cut", "boot halt"], ends: "local", long: true },
        { name: "the machine's script: broken in the middle", plan: { boot: [{ text: broken("machine uefi") }] }, told: ["boot text"], ends: "local", long: true },
        { name: "the RAM disk: cut off, then a server error", plan: { initrd: ["cut", "500"] }, told: ["boot pass", "kernel pass", "initrd cut", "kernel pass", "initrd 500"], ends: "local" },
        { name: "the RAM disk is cut off, and the server comes back", plan: { initrd: ["cut"] }, told: ["boot pass", "kernel pass", "initrd cut", "kernel pass", "initrd pass"], ends: "up" },
    ],
};

describe("HTTP fails", { concurrency: 2 }, () => {
    for (const firmware of firmwares)
        describe(firmware, { concurrency: 1 }, () => {
            for (const { name, plan, told, ends } of cases[firmware].filter((it) => long || !it.long))
                test(name, { timeout: 2 * patience }, async () => {
                    saboteur.plan(address(firmware), plan);
                    if (ends === "local") await endsAtItsDisk(firmware);
                    else {
                        const client = await start(firmware);
                        await client.waitFor("up", patience);
                        assert.match(client.cmdline(), new RegExp(`netboot\\.name=${firmware}$`));
                    }
                    assert.deepEqual(saboteur.told(address(firmware)), told);
                });
        });
});

test("a RAM disk on the master has lost its content: it is not there, and a machine boots its own disk", { timeout: 2 * patience }, async () => {
    const file = "/srv/netboot/http/blob/*/*initrd*";
    await master.exec(`cp -p ${file} /root/kept && : >$(echo ${file})`);
    saboteur.plan(address("bios"), {});
    await endsAtItsDisk("bios");
    const once = ["kernel pass", "initrd pass"];
    assert.deepEqual(saboteur.told(address("bios")), ["boot pass", ...once, ...once]);
    await master.exec(`cp -p /root/kept $(echo ${file})`);
});

test("the HTTP server is gone", { timeout: 2 * patience }, async () => {
    await master.exec("systemctl stop netboot-http.service");
    await Promise.all(firmwares.map(endsAtItsDisk));
    assert.ok(clients.bios!.serial().some((line) => line.includes("netboot: failed; try 1 of 1 follows in 1 s")));
});
