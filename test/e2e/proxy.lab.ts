// Beside a DHCP server that is someone else's: it goes on as if nobody had come, and machines boot all the same.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { dhcp, type DhcpAnswer, type ForeignDhcp, type Lab, type Master, differences, inWords, openLab, startClient, startForeignDhcp, startMaster } from "../lab/index.ts";
import { exec } from "../lab/exec.ts";
import type { Project } from "../pulumi/project.ts";
import { site } from "./site.ts";

const machines = { "desk-01": "52:54:00:00:00:31", "desk-02": "52:54:00:00:00:32" };
const kinds = ["biosPxe", "uefi64", "ipxeBios", "ipxeUefi", "uefi64Http", "system"] as const;
const patience = 150_000;

let lab: Lab;
let master: Master;
let foreign: ForeignDhcp;
let project: Project & Disposable;
let alone: Map<string, DhcpAnswer[]>;

const exchange = (client: dhcp.ClientKind, mac: string = machines["desk-01"]) => ({ network: lab.network, client, mac, waitMs: 1000 });
const answersOf = async () => new Map(await Promise.all(kinds.map(async (kind) => [kind, await dhcp.discover(exchange(kind))] as const)));
const of = (server: string, answers: DhcpAnswer[] | undefined) => (answers ?? []).filter(({ from, message }) => from === server || message.siaddr === server);
/** Everything of a message but the number by which the client knows it again. */
const bare = ({ message: { xid, ...rest } }: DhcpAnswer) => rest;

before(async () => {
    lab = await openLab();
    [master, foreign] = await Promise.all([startMaster(lab, { daemons: true }), startForeignDhcp(lab)]);
    alone = await answersOf();
    project = await site(lab, master, "proxy-dhcp", { machines });
    await project.run(["up", "--yes", "--skip-preview"]);
});
after(async () => {
    project?.[Symbol.dispose]();
    await lab?.close();
});

test("the other server's offers are what they were, and what to boot comes beside them", async () => {
    const together = await answersOf();
    for (const kind of kinds) {
        const [before, now] = [alone.get(kind)!, of(foreign.address, together.get(kind))];
        assert.equal(before.length, 1, kind);
        assert.deepEqual(now.map(bare), before.map(bare), kind);
    }
    const ours = (kind: (typeof kinds)[number]) => of(master.host, together.get(kind)).map(({ address, vendorClass, bootFile, nextServer, mask, routers, leaseSeconds }) => ({ address, vendorClass, bootFile, nextServer, mask, routers, leaseSeconds }));
    const offer = (bootFile: string) => [{ address: "0.0.0.0", vendorClass: "PXEClient", bootFile, nextServer: master.host, mask: undefined, routers: [], leaseSeconds: undefined }];
    const script = `tftp://${master.host}/boot.ipxe`;
    assert.deepEqual(ours("biosPxe"), offer("undionly.kpxe"));
    // UEFI is told to come back to the boot server by itself, and hears the file's name there.
    assert.deepEqual(ours("uefi64"), offer(""));
    for (const [kind, file] of [["biosPxe", "undionly.kpxe"], ["uefi64", "snponly.efi"], ["uefiBc", "snponly.efi"]] as const) {
        const [answer] = await dhcp.askBootServer({ ...exchange(kind), server: master.host, waitMs: 3000 });
        assert.deepEqual([answer?.type, answer?.bootFile, answer?.nextServer], ["ack", file, master.host], kind);
    }
    assert.deepEqual(ours("ipxeBios"), offer(script));
    assert.deepEqual(ours("ipxeUefi"), offer(script));
    assert.deepEqual(ours("system"), [], "an installed system is the other server's business alone");
});

test("a BIOS and a UEFI machine boot, with addresses of the other server", { timeout: 2 * patience }, async () => {
    const [bios, uefi] = await Promise.all([
        startClient(lab, { name: "desk-01", firmware: "bios", mac: machines["desk-01"] }),
        startClient(lab, { name: "desk-02", firmware: "uefi", mac: machines["desk-02"] }),
    ]);
    for (const client of [bios, uefi]) {
        await client.waitFor("up", patience);
        assert.match(client.cmdline(), new RegExp(`netboot\\.name=${client.name}$`));
        const last = Number(client.stages.find(({ stage }) => stage === "dhcp")!.detail.split(".")[3]);
        assert.ok(last >= 200 && last < 230, `address .${last}`);
        await client.stop();
    }
});

test("an authoritative pool there is refused: the other server is named, and nothing is touched", async () => {
    const mac = (await exec(foreign.container, "cat /sys/class/net/eth0/address")).trim();
    const untouched = await master.snapshot();
    project.edit((text) => text.replace('mode: "proxy", subnet: site.require("subnet")', 'subnet: site.require("subnet"), range: site.require("range")'));
    const { text } = await project.run(["up", "--yes", "--skip-preview"], { expect: 1 });
    assert.match(text, new RegExp(`${foreign.address.replaceAll(".", "\\.")}[^\\n]*${mac}`));
    assert.equal(inWords(differences(untouched, await master.snapshot())), "");
    const still = await dhcp.discover(exchange("biosPxe"));
    assert.deepEqual(of(master.host, still).map(({ address, bootFile }) => [address, bootFile]), [["0.0.0.0", "undionly.kpxe"]]);
    await foreign.stop();
    await project.run(["up", "--yes", "--skip-preview"]);
    const { answer } = await dhcp.acquire({ ...exchange("biosPxe"), server: master.host, waitMs: 6000 });
    assert.equal(answer.bootFile, "undionly.kpxe");
});
