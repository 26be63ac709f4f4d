// At boot, whatever the server does: a machine ends at its own disk, or gets through at the next try, as configured. It never
// boots what another machine was meant to, and never hangs.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { bootableDisk, type Client, type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import { freeze, thaw } from "../lab/fault.ts";
import type { Project } from "../pulumi/project.ts";
import { halfOf, type Plan, sabotage, type Saboteur } from "./saboteur.ts";
import { prelude, site } from "./site.ts";

const firmwares = ["bios", "uefi"] as const;
type Firmware = (typeof firmwares)[number];
const machines = { bios: "52:54:00:00:00:21", uefi: "52:54:00:00:00:22", seat: "52:54:00:00:00:23", other: "52:54:00:00:00:24" };
type Name = Exclude<keyof typeof machines, "other">;
const patience = 120_000;
/** `npm test` boots UEFI, whose firmware takes twice as long, for the telling ones alone. */
const long = Boolean(process.env["NETBOOT_LONG"]);

const program = `${prelude}
const master = new netboot.MasterServer("lab", { connection, address: site.require("address"), retries: { count: 1, waitSeconds: 1, stallSeconds: 3 } });
const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range") });
const rescue = new netboot.KernelImage("rescue", { master, kernel: site.require("kernel"), initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet" });
const kernel = (name: string) => boot.kernel(rescue, { append: \`netboot.name=\${name}\` });
const menu = (name: string, to: netboot.Boot) => new netboot.BootMenu(name, { master, title: name, default: "only", timeout: 1, entries: [{ name: "only", label: "The only one", boot: to }] });
const tools = menu("tools", kernel("seat"));
const seats = menu("seats", boot.menu(tools));
const machines = site.requireObject<Record<string, { mac: string; address: string }>>("machines");
for (const [name, it] of Object.entries(machines)) new netboot.Machine(name, { master, pool: lan, ...it, boot: name === "seat" ? boot.menu(seats) : kernel(name) });
`;

let lab: Lab;
let master: Master;
let project: Project & Disposable;
let saboteur: Saboteur;
const clients: Partial<Record<Name, Client>> = {};
const firmwareOf = (name: Name): Firmware => (name === "uefi" ? "uefi" : "bios");
const address = (name: Name) => lab.at(21 + Object.keys(machines).indexOf(name));

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

/** Switches the machine on, or off and on again. */
async function start(name: Name): Promise<Client> {
    const client = clients[name];
    if (client) await client.restart();
    return client ?? (clients[name] = await startClient(lab, { name, firmware: firmwareOf(name), mac: machines[name], disk: bootableDisk() }));
}
async function endsAtItsDisk(name: Name): Promise<Client> {
    const client = await start(name);
    assert.equal((await client.waitFor("local", patience)).detail, `LOCAL-DISK-BOOTED ${firmwareOf(name)}`);
    assert.ok(!client.stages.some(({ stage }) => stage === "up"));
    return client;
}
const broken = (title: string) => `#!ipxe\n# ${title}\necho so far, so good\nfrobnicate --all\nkernel http://192.0.2.1/of-another-machine\nboot\n`;

describe("iPXE's first script", { concurrency: 1 }, () => {
    const script = "/srv/netboot/tftp/boot.ipxe";
    before(() => master.exec(`mv ${script} ${script}.good`));
    after(() => master.exec(`mv ${script}.good ${script}`));
    const both = async () => void (await Promise.all(firmwares.map(endsAtItsDisk)));

    test("is not there", { timeout: 2 * patience }, both);

    test("is empty, or has lost its second half", { timeout: 2 * patience }, async () => {
        await master.exec(`: >${script}`);
        await endsAtItsDisk("bios");
        await master.exec(`${halfOf(`${script}.good`)} >${script}`);
        await (long ? both() : endsAtItsDisk("uefi"));
    });

    test("is broken in the middle", { timeout: 2 * patience, skip: !long }, async () => {
        await master.container.copyContentToContainer([{ target: script, content: broken("boot.ipxe"), mode: 0o644 }]);
        await both();
    });

    test("stalls: the master's disk hangs while it reads it", { timeout: 2 * patience }, async () => {
        await master.exec(`rm ${script} && mkfifo -m 644 ${script}`);
        await endsAtItsDisk("bios");
        // The questions that came meanwhile are still to be answered, and must not hang again.
        await master.exec(`mv ${script} ${script}.hangs && cp ${script}.good ${script} && timeout 5 sh -c ': >${script}.hangs' && rm ${script}.hangs`);
    });
});

/** What firmware asks before there is an iPXE. The lab's BIOS has iPXE on its card, which asks for the script at once. */
describe("DHCP and TFTP fail", { concurrency: 1 }, () => {
    const conf = "/etc/netboot/live/dnsmasq.d/lan.conf";
    const loader = "/srv/netboot/tftp/snponly.efi";
    /** The pool's text changed by sed, and the daemon started with it. */
    const told = (change: string) => master.exec(`sed -i '${change}' ${conf} && systemctl restart netboot-dhcp.service`);
    before(() => master.exec(`cp -p ${conf} /root/lan.conf && cp -P ${loader} /root/loader`));
    afterEach(() => master.exec(`cp -p /root/lan.conf ${conf} && rm -f ${loader} && cp -P /root/loader ${loader} && systemctl restart netboot-dhcp.service`));
    const stages = ({ stages }: Client) => stages.map(({ stage }) => stage).join(" ");

    test("no DHCP server answers", { timeout: 2 * patience }, async () => {
        await master.exec("systemctl stop netboot-dhcp.service");
        const ended = await Promise.all((long ? firmwares : (["bios"] as const)).map(endsAtItsDisk));
        for (const client of ended) assert.equal(stages(client), "firmware local");
    });

    test("UEFI: the loader is cut off in the middle", { timeout: 2 * patience }, async () => {
        await master.exec(`rm ${loader} && head -c 100000 /root/loader >${loader}`);
        assert.equal(stages(await endsAtItsDisk("uefi")), "firmware dhcp loader local");
    });

    test("UEFI: the loader is not there", { timeout: 2 * patience, skip: !long }, async () => {
        await master.exec(`rm ${loader}`);
        assert.equal(stages(await endsAtItsDisk("uefi")), "firmware dhcp loader local");
    });

    test("UEFI: the TFTP server says nothing", { timeout: 2 * patience, skip: !long }, async () => {
        await told(`/snponly/s/${master.host}$/${lab.at(9)}/`);
        assert.equal(stages(await endsAtItsDisk("uefi")), "firmware dhcp loader local");
    });

    test("UEFI: the master hangs while the loader is fetched", { timeout: 2 * patience, skip: !long }, async () => {
        const client = await start("uefi");
        await client.waitFor("loader", patience);
        await freeze(master);
        try {
            await client.waitFor("local", patience);
        } finally {
            await thaw(master);
        }
    });

    test("UEFI: the firmware is answered, and iPXE is not", { timeout: 2 * patience, skip: !long }, async () => {
        await told("$a dhcp-ignore=tag:ipxe");
        assert.equal(stages(await endsAtItsDisk("uefi")), "firmware dhcp loader local");
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
const own = (name: Name) => `/srv/netboot/http/mac/${machines[name].replaceAll(":", "-")}.ipxe`;
const tools = "/srv/netboot/http/menu/tools.ipxe";
const cases: Record<Name, Case[]> = {
    bios: [
        { name: "the question: a server error, then a stall", plan: { boot: ["500", "stall"] }, told: ["boot 500", "boot stall"], ends: "local" },
        { name: "the question: not found, then empty", plan: { boot: ["404", "empty"] }, told: ["boot 404", "boot empty"], ends: "local" },
        { name: "the machine's script: broken in the middle", plan: { boot: [{ text: broken("machine bios") }] }, told: ["boot text"], ends: "local", long: true },
        { name: "the machine's script: its second half is lost", plan: { boot: [{ half: own("bios") }] }, told: ["boot half"], ends: "local", long: true },
        { name: "the kernel: a server error, then a stall", plan: { kernel: ["500", "stall"] }, told: ["boot pass", "kernel 500", "kernel stall"], ends: "local" },
        { name: "the kernel: empty, then not found", plan: { kernel: ["empty", "404"] }, told: ["boot pass", "kernel empty", "kernel 404"], ends: "local" },
        { name: "the RAM disk: halting half-way, then not found", plan: { initrd: ["halt", "404"] }, told: ["boot pass", "kernel pass", "initrd halt", "kernel pass", "initrd 404"], ends: "local" },
        { name: "question and kernel fail once each, and the server comes back", plan: { boot: ["500"], kernel: ["cut"] }, told: ["boot 500", "boot pass", "kernel cut", "kernel pass", "initrd pass"], ends: "up" },
    ],
    uefi: [
        { name: "the question: cut off, then halting half-way", plan: { boot: ["cut", "halt"] }, told: ["boot cut", "boot halt"], ends: "local", long: true },
        { name: "the machine's script: broken in the middle", plan: { boot: [{ text: broken("machine uefi") }] }, told: ["boot text"], ends: "local", long: true },
        { name: "the machine's script: its second half is lost", plan: { boot: [{ half: own("uefi") }] }, told: ["boot half"], ends: "local" },
        { name: "the RAM disk: cut off, then a server error", plan: { initrd: ["cut", "500"] }, told: ["boot pass", "kernel pass", "initrd cut", "kernel pass", "initrd 500"], ends: "local" },
        { name: "the RAM disk is cut off, and the server comes back", plan: { initrd: ["cut"] }, told: ["boot pass", "kernel pass", "initrd cut", "kernel pass", "initrd pass"], ends: "up" },
    ],
    // Its menu leads by itself to another menu, and that to a kernel.
    seat: [
        { name: "the menu: a server error, then a stall", plan: { menu: ["500", "stall"] }, told: ["boot pass", "menu 500", "menu stall"], ends: "local", long: true },
        { name: "the menu of an entry: a server error, then a stall", plan: { menu: ["pass", "500", "stall"] }, told: ["boot pass", "menu pass", "menu 500", "menu stall"], ends: "local" },
        { name: "the menu of an entry: not found, then halting half-way", plan: { menu: ["pass", "404", "halt"] }, told: ["boot pass", "menu pass", "menu 404", "menu halt"], ends: "local", long: true },
        { name: "the menu of an entry: broken in the middle, then empty", plan: { menu: ["pass", { text: broken("menu tools") }, "empty"] }, told: ["boot pass", "menu pass", "menu text", "menu empty"], ends: "local", long: true },
        { name: "the menu of an entry: its second half is lost", plan: { menu: ["pass", { half: tools }, { half: tools }] }, told: ["boot pass", "menu pass", "menu half", "menu half"], ends: "local" },
        { name: "the menu, and that of an entry, are cut off, and the server comes back", plan: { menu: ["cut", "pass", "cut"] }, told: ["boot pass", "menu cut", "menu pass", "menu cut", "menu pass", "kernel pass", "initrd pass"], ends: "up", long: true },
    ],
};

describe("HTTP fails", { concurrency: 3 }, () => {
    for (const machine of ["bios", "uefi", "seat"] as const)
        describe(machine, { concurrency: 1 }, () => {
            for (const { name, plan, told, ends } of cases[machine].filter((it) => long || !it.long))
                test(name, { timeout: 2 * patience }, async () => {
                    saboteur.plan(address(machine), plan);
                    if (ends === "local") await endsAtItsDisk(machine);
                    else {
                        const client = await start(machine);
                        await client.waitFor("up", patience);
                        assert.match(client.cmdline(), new RegExp(`netboot\\.name=${machine}$`));
                    }
                    assert.deepEqual(saboteur.told(address(machine)), told);
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
