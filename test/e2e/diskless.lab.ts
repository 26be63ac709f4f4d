// Machines without a disk: each boots its own copy of one golden disk by iSCSI, with BIOS and with UEFI, and nobody else gets at it.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { startClient } from "../lab/client.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { exec, tryExec, until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { differences, inWords } from "../lab/snapshot.ts";
import { mountStore } from "../lab/store.ts";
import { openSite, type Site } from "./cli.ts";
import { netboot } from "./netboot.ts";

const STORE = "/srv/netboot/volumes";
const IQN = "iqn.2024-07.internal.netboot";
const macs = { bios: "52:54:00:00:0d:01", uefi: "52:54:00:00:0d:02" };
const numbers = { bios: 21, uefi: 22 };
const boot = bootableDisk();
/** 48 MiB: what boots, noise, and zeros. */
const image = Buffer.concat([boot, randomBytes(3 << 20), Buffer.alloc((48 << 20) - boot.length - (3 << 20))]);
const sha256 = createHash("sha256").update(image).digest("hex");

let lab: Lab;
let master: Master;
let site: Site;
let store: { unmount(): Promise<void> } | undefined;
let bare: Awaited<ReturnType<Master["snapshot"]>>;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    store = await mountStore(master, STORE);
    await master.exec("DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends libiscsi-bin >/dev/null");
    bare = await master.snapshot();
    site = await openSite(lab, master, program());
    writeFileSync(join(site.folder, "golden.img.zst"), zstdCompressSync(image));
});
after(async () => {
    site?.[Symbol.dispose]();
    await store?.unmount();
    await lab.close();
});

const program = ({ bios = 1, uefi = 1, persist = "keep", when = "now", better = false, storage = "", seed = "first", more = "", host = "" } = {}) => `
connection.host = "${host}" || connection.host;
const m = master({ storage: { ${storage} } });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const disk = new netboot.DiskImage("golden", { master: m, source: "./golden.img.zst" });
const golden = new netboot.Volume("golden", { master: m, ${better ? 'from: { machine: "uefi" }, generation: 2, history: 1' : "from: disk, history: 1"} });
const at = (last) => site.require("address").replace(/[0-9]+$/, last);
const machine = (name, mac, last, boots, more) => new netboot.Machine(name, { master: m, mac, pool: lan, address: at(last), boot: boots, ...more });
const home = new netboot.Volume("home", { master: m, size: "4MiB" });
const library = new netboot.Volume("library", { master: m, from: home });
machine("bios", "${macs.bios}", ${numbers.bios}, boot.diskless(golden, { generation: ${bios}, persist: "${persist}", when: "${when}", dataDisks: [{ volume: home, lun: 2 }, { volume: library, lun: 3, access: "read" }] }), { cloudInit: { userData: "#!/bin/sh\\necho ${seed}\\n" } });
machine("uefi", "${macs.uefi}", ${numbers.uefi}, boot.diskless(golden, { generation: ${uefi} }));
${more}`;

/** What the tests come to. */
const seeded = { seed: "second" };
const forgetting = { ...seeded, bios: 2, persist: "discard", better: true };
const last = { ...forgetting, bios: 3, persist: "keep", when: "nextBoot" };
const digest = async (name: string, generation = 1) => (await master.exec(`sha256sum <${STORE}/${name}/disk.${generation}`)).slice(0, 64);
const tgtadm = "tgtadm -C 3261 --lld iscsi";
/** The volume that the daemon offers as the seed of the machine `bios`. */
const seedDisk = async () => /LUN: 255\n[^]*?Readonly: Yes\n[^]*?Backing store path: (\S+)/.exec((await shown()).split(/^(?=Target )/m).find((target) => target.includes(":bios:golden"))!)![1]!;
const shown = () => master.exec(`${tgtadm} --op show --mode target`);
const secret = async (name: string) => (await master.exec(`sed -n 's/^ *incominguser [^ ]* //p' '/etc/netboot/iscsi/${IQN}:${name}:golden.conf'`)).trim();
/** Ends what a machine that has lost its power leaves behind. */
const endSession = async (name: string) => {
    const tid = /Target (\d+):/.exec((await shown()).split("\n").find((line) => line.endsWith(`:${name}:golden`))!)![1];
    await master.exec(`for s in $(${tgtadm} --op show --mode conn --tid ${tid} | sed -n 's/^Session: //p'); do ${tgtadm} --op delete --mode conn --tid ${tid} --sid $s --cid 0; done`);
    await until("the session's end", 10_000, async () => !/IP Address/.test((await shown()).split(`:${name}:golden`)[1]!.split(/^Target/m)[0]!) || undefined);
};

test("the preview says which disk each machine boots; no secret is in what is shown or stored", async (t) => {
    const { text } = await site.run(["preview", "--diff"]);
    assert.match(text, /disk golden\+bios by iSCSI: this machine's own copy of golden, kept/);
    const up = await site.up();
    t.diagnostic(`up ${up.seconds.toFixed(1)} s`);
    assert.equal(await digest("golden"), sha256);
    for (const name of ["bios", "uefi"]) {
        assert.equal(await digest(`golden+${name}`), sha256);
        assert.ok(!JSON.stringify(site.state()).includes(await secret(name)) && !up.text.includes(await secret(name)));
    }
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
    assert.match((await netboot(site, "doctor")).out, /ok {4}the volume golden holds \d+\.\d MiB of 48\.0 MiB; 2 volumes are copies of it/);
});

test("refused: another secret, another machine's disk and its secret, and who asks what there is; the machine itself gets in", async () => {
    const own = await secret("bios");
    // With the address of one of the machines, and the tools of an initiator.
    const asking = await lab.start("dhcp", { address: lab.at(numbers.bios) }, (it) => it.withEntrypoint(["sleep"]).withCommand(["infinity"]));
    try {
        await exec(asking, "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends libiscsi-bin curl >/dev/null");
        const login = async (user: string, password: string, name: string) => (await tryExec(asking, `LIBISCSI_CHAP_USERNAME='${user}' LIBISCSI_CHAP_PASSWORD='${password}' timeout 20 iscsi-inq -i ${IQN}:bios iscsi://${master.host}/${IQN}:${name}:golden/1 2>&1`)).stdout;
        assert.match(await login("golden+bios", own, "bios"), /DIRECT_ACCESS/);
        assert.match(await login("golden+bios", "wrongwrongwrong1", "bios"), /Authentication failure/);
        assert.match(await login("golden+uefi", await secret("uefi"), "bios"), /Authentication failure/);
        assert.match(await login("golden+uefi", await secret("uefi"), "uefi"), /Target not found/);
        // libiscsi's own test of a disk that takes no writes: on one that does it is skipped.
        const readOnly = async (lun: number) => (await tryExec(asking, `LIBISCSI_CHAP_USERNAME=golden+bios LIBISCSI_CHAP_PASSWORD='${own}' timeout 30 iscsi-test-cu --dataloss -V -t SCSI.ReadOnly -i ${IQN}:bios iscsi://${master.host}/${IQN}:bios:golden/${lun} 2>&1`)).stdout;
        assert.match(await readOnly(2), /Logical unit is not write-protected/);
        assert.match(await readOnly(255), /\[OK\] WRITE10 returned CHECK_CONDITION DATA PROTECTION/);
        const refused = await readOnly(3);
        for (const command of ["ORWRITE", "WRITE10", "WRITE12", "WRITE16", "WRITESAME16", "WRITEVERIFY10"]) assert.match(refused, new RegExp(`\\[OK\\] ${command} returned CHECK_CONDITION DATA PROTECTION\\S* WRITE_PROTECTED`));
        const listed = (await tryExec(asking, `timeout 20 iscsi-ls -i ${IQN}:uefi iscsi://${master.host} 2>&1`)).stdout;
        assert.match(listed, /:bios:golden/);
        assert.doesNotMatch(listed, /uefi/);
        const fetched = (last: number) => exec(asking, `curl -s http://${master.host}/san/${lab.at(last)}-golden.ipxe`);
        assert.ok((await fetched(numbers.bios)).includes(own));
        assert.match(await fetched(numbers.uefi), /403 Forbidden/);
        for (const path of ["seed/bios/user-data", "seeds/bios/user-data", "cidata/"]) assert.match(await exec(asking, `curl -s http://${master.host}/${path}`), /404 Not Found/, "a seed on a disk is served to nobody");
        assert.match(await exec(asking, `curl -s http://${master.host}/san/fresh/golden`), /404 Not Found/, "a disk that is kept is not made anew for who asks");
    } finally {
        await asking.stop();
    }
    assert.match((await master.tryExec(`LIBISCSI_CHAP_USERNAME=golden+bios LIBISCSI_CHAP_PASSWORD='${own}' timeout 20 iscsi-inq -i ${IQN}:bios iscsi://${master.host}/${IQN}:bios:golden/1 2>&1`)).stdout, /Target not found/, "an address that is not the machine's");
});

for (const firmware of ["bios", "uefi"] as const)
    test(`${firmware} boots its disk by iSCSI; the golden disk stays what it was`, { timeout: 500_000 }, async (t) => {
        const client = await startClient(lab, { name: firmware, firmware, mac: macs[firmware] });
        const began = Date.now();
        await client.waitFor("local", 400_000);
        t.diagnostic(`${firmware}: from power on to its disk ${((Date.now() - began) / 1000).toFixed(0)} s`);
        assert.match(await shown(), new RegExp(`IP Address: ${lab.at(numbers[firmware])}`));
        if (firmware === "bios") {
            site.program(program({ bios: 2 }));
            const { text } = await site.up({ expect: 1 });
            assert.match(text, /has a session on it/);
            const before = await seedDisk();
            site.program(program(seeded));
            await site.up();
            assert.notEqual(await seedDisk(), before);
            assert.match(await shown(), new RegExp(`IP Address: ${lab.at(numbers.bios)}`), "another seed ends no session");
            await master.exec(`grep -aqx "echo second" ${await seedDisk()}`);
        }
        await client.stop();
        await endSession(firmware);
        assert.equal(await digest("golden"), sha256);
    });

const mark = (name: string) => `disk=$(ls ${STORE}/golden+${name}/disk.*); printf written | dd of=$disk bs=1M seek=40 conv=notrunc status=none`;

test("a higher generation makes one machine's disk anew and leaves the other's alone; lower ones are refused in the preview", async () => {
    for (const name of ["bios", "uefi"]) await master.exec(mark(name));
    const written = await digest("golden+uefi");
    site.program(program({ ...seeded, bios: 2 }));
    const { text } = await site.run(["preview", "--diff"]);
    assert.match(text, /DISCARDS what is on golden\+bios, which is made anew \(generation 1 → 2\)/);
    await site.up();
    assert.equal(await digest("golden+bios", 2), sha256);
    assert.equal(await digest("golden+uefi"), written);
    assert.equal((await master.exec(`ls ${STORE}/golden+bios`)).trim(), "disk.2\nlineage");
    assert.match(await shown(), /golden\+bios\/disk\.2/);
    site.program(program(seeded));
    assert.match((await site.run(["preview"], { expect: "any" })).text, /boot\.generation is 1, and golden\+bios is of generation 2/);
    site.program(program({ ...seeded, bios: 2 }));
});

test("a machine that is to forget finds the golden disk at each boot, whatever its last one left, and one that is to have another at its next boot has it then; the other's is left alone", { timeout: 300_000 }, async () => {
    const others = [await digest("golden+uefi"), (await shown()).split(/^(?=Target )/m).find((target) => target.includes(":uefi:golden"))];
    site.program(program({ ...seeded, bios: 2, persist: "discard" }));
    const { text } = await site.run(["preview", "--diff"]);
    assert.match(text, /DISCARDS what is on golden\+bios at the next boot of its machine, and at each one after that/);
    assert.match(text, /what the machine writes is DISCARDED at each boot/);
    await site.up();
    await master.exec(mark("bios"));
    const client = await startClient(lab, { name: "bios", firmware: "bios", mac: macs.bios });
    await client.waitFor("local", 200_000);
    assert.equal(await digest("golden+bios", 2), sha256);
    // While it is on, another machine's disk becomes the golden one. Its session stays behind, as of any machine that is switched off.
    site.program(program(forgetting));
    await site.up();
    await master.exec(mark("bios"));
    await client.restart();
    await client.waitFor("local", 200_000);
    assert.equal(await digest("golden+bios", 2), await digest("golden+uefi"));
    assert.equal((await shown()).match(/I_T nexus: /g)?.length, 1, "the session of the boot before has been ended");

    // Kept from now on, and made anew once more: `up` leaves the disk of the machine that is on alone, and its next boot has another.
    await master.exec(mark("bios"));
    site.program(program(last));
    assert.match((await site.run(["preview", "--diff"])).text, /DISCARDS what is on golden\+bios at the next boot of its machine, by which it is made anew \(generation 2 → 3\)/);
    await site.up();
    assert.equal((await master.exec(`ls ${STORE}/golden+bios`)).trim(), "disk.2\nlineage");
    assert.match(await shown(), new RegExp(`IP Address: ${lab.at(numbers.bios)}`));
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
    await client.restart();
    await client.waitFor("local", 200_000);
    assert.equal((await master.exec(`ls ${STORE}/golden+bios`)).trim(), "disk.3\nlineage");
    assert.equal(await digest("golden+bios", 3), await digest("golden", 2));
    assert.match(await shown(), /golden\+bios\/disk\.3/);
    await client.stop();
    await endSession("bios");
    assert.deepEqual([await digest("golden+uefi"), (await shown()).split(/^(?=Target )/m).find((target) => target.includes(":uefi:golden"))], others);
    assert.deepEqual([await digest("golden", 1), await digest("golden", 2)], [sha256, await digest("golden+uefi")]);
    assert.equal((await master.exec("find /run/netboot/fresh/asked /run/netboot/fresh/taken -type f")).trim(), "");
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
});

test("a target removed by hand is shown and mended; a store that is full takes no more", async () => {
    const iqn = `${IQN}:uefi:golden`;
    await master.exec(`${tgtadm} --op delete --mode target --tid $(${tgtadm} --op show --mode target | sed -n 's/^Target \\([0-9]*\\): ${iqn}$/\\1/p')`);
    const drift = await site.run(["refresh", "--diff", "--yes"]);
    assert.match(drift.text, new RegExp(`${iqn}`));
    await site.up();
    assert.match(await shown(), new RegExp(iqn));
    await site.up({ args: ["--refresh", "--expect-no-changes"] });

    site.program(program({ ...last, storage: "warnPercent: 1, refusePercent: 1", more: 'machine("third", "52:54:00:00:0d:03", 23, boot.diskless(golden));' }));
    assert.match((await site.up({ expect: 1 })).text, /its store is \d+ % full, and from 1 % on no volume is made/);
    site.program(program({ ...last, more: 'new netboot.Volume("large", { master: m, size: "3GiB" });' }));
    assert.match((await site.up({ expect: 1 })).text, /it is to have 3221225472 bytes, and its store \/srv\/netboot\/volumes has \d+ in all/);
    site.program(program(last));
    await site.up();
    const left = await master.tryExec(`ls ${STORE}`);
    assert.deepEqual(left.stdout.trim().split("\n").sort(), ["golden", "golden+bios", "golden+uefi", "home", "home+bios", "library", "library+bios"]);
});

test("under another name of the same master nothing is lost: disks stay, and are taken up again; the preview says of each what may come of it", async () => {
    const before = [await digest("golden+uefi"), await digest("golden+bios", 3), await digest("golden", 1)];
    const host = master.host.replace(/(\d+)\.(\d+)$/, (_, third, fourth) => String(Number(third) * 256 + Number(fourth)));
    site.program(program({ ...last, host }));
    const { text } = await site.run(["preview"]);
    assert.match(text, new RegExp(`LEAVES golden\\+uefi with all that is on it on ${master.host}, where it is nobody's: on ${host} it is made anew or, if that is the same host, taken up again`));
    await site.up();
    assert.deepEqual([await digest("golden+uefi"), await digest("golden+bios", 3), await digest("golden", 1)], before);
    assert.equal((await shown()).match(/^Target /gm)?.length, 2);
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
});

test("after a restart of the daemon everything is back, and one disk that is missing keeps no other away; destroy leaves nothing", async () => {
    const disk = `${STORE}/golden+uefi/disk.1`;
    await master.exec(`mv ${disk} ${disk}.away && systemctl restart netboot-iscsi && mv ${disk}.away ${disk}`);
    assert.match(await shown(), /golden\+bios\/disk\.3/);
    assert.doesNotMatch(await shown(), /golden\+uefi\/disk/);
    await site.up({ args: ["--refresh"] });
    assert.match(await shown(), /golden\+uefi\/disk\.1/);
    await master.exec("systemctl restart netboot-iscsi");
    assert.equal((await shown()).match(/^Target /gm)?.length, 2);
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
    await site.destroy();
    assert.equal((await master.exec(`ls -A ${STORE}`)).trim(), "");
    assert.equal(inWords(differences(bare, await master.snapshot())), "");
});
