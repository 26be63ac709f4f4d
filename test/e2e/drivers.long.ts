// Each way of keeping volumes with its real tools, on a master with a kernel of its own: the contract, who is let in, what a start brings back, and what a power cut leaves.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { apply, at, contract, engineOf, listed, MIB, outcome, remove, STORE, volume, whys, write } from "../engine/contract.ts";
import { gone } from "../engine/site.ts";
import { startClient } from "../lab/client.ts";
import { bootableDisk } from "../lab/disk/image.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { startVirtualMaster, type VirtualMaster } from "../lab/vm.ts";
import { openSite, type Site } from "./cli.ts";
import { type DriverName, IQN, keeperOn, POOLS, withSettings } from "./virtualKeeper.ts";

const drivers = Object.keys(POOLS) as DriverName[];

let lab: Lab;
let master: VirtualMaster;
before(async () => {
    lab = await openLab();
    const began = Date.now();
    master = await startVirtualMaster(lab, { zfs: true });
    console.log(`# the virtual master answers ${((Date.now() - began) / 1000).toFixed(0)} s after its start`);
    await master.exec(`vgcreate -q vg0 /dev/vda && lvcreate -q -y --type thin-pool -L 2G -n netboot vg0 && lvcreate -q -y -W n -L 2G -n tank vg0 && lvcreate -q -y -W n -L 1G -n files vg0
        mkfs.xfs -q /dev/vg0/files && mkdir -p ${STORE} && echo '/dev/vg0/files ${STORE} xfs defaults 0 0' >>/etc/fstab && systemctl daemon-reload && mount ${STORE}
        modprobe zfs && zpool create -m none tank /dev/vg0/tank && zfs create -o mountpoint=none tank/netboot && systemctl enable -q zfs-import-cache zfs-import.target zfs-volumes.target zfs.target`);
});
after(() => lab.close());

const keeperFor = (driver: DriverName) => keeperOn(lab, master, driver);
const targets = async () => (await master.exec("{ tgtadm -C 3261 --lld iscsi --op show --mode target; ls -d /sys/kernel/config/target/iscsi/iqn*; } 2>/dev/null | grep -o 'iqn[.].*:golden' | sort -u")).trim().split("\n");

for (const driver of drivers)
    for (const [words, proof] of contract)
        test(`${driver}: ${words}`, { timeout: 1_200_000 }, () => withSettings(master, driver, () => proof(keeperFor(driver))));

for (const driver of drivers)
    test(`${driver}: only the machine that a disk is for gets at it; live is saved; a start brings all back by itself; one disk that is missing keeps no other away`, { timeout: 3_600_000 }, async (t) => {
        const keeper = keeperFor(driver);
        await apply(keeper, keeper.own);
        await apply(keeper, volume(keeper, "golden", { size: 8 * MIB }));
        await write(keeper, "golden", "golden");
        await apply(keeper, volume(keeper, "home", { size: 4 * MIB }));
        const data = { dataDisks: [{ volume: { name: "home" }, lun: 7, access: "read", persist: "keep", generation: 1, retain: false }] };
        const engine = engineOf(keeper);
        const ops = [keeper.machine("a", 21, data), keeper.machine("b", 22), keeper.machine("c", 23)];
        await Promise.all(ops.map((op) => engine.reconcile(op)));
        for (const op of ops) assert.deepEqual(await whys(keeper, op), []);

        // From the master itself: LIO asks for names and secrets. What tgt refuses is in diskless.lab.ts.
        const [a, b] = [await keeper.secret("a"), await keeper.secret("b")];
        const { login } = keeper;
        if (driver === "reflink") assert.match(await login("a", "a", "golden+a", a), /Target not found/, "an address that is not the machine's");
        else {
            assert.match(await login("a", "a", "golden+a", a), /DIRECT_ACCESS/);
            assert.match(await login("a", "a", "golden+a", a, 7), /DIRECT_ACCESS/);
            for (const [what, answer] of [
                ["another secret", login("a", "a", "golden+a", "wrongwrongwrong1")], ["another's secret", login("a", "a", "golden+b", b)], ["another name", login("b", "a", "golden+a", a)],
                ["another's disk by its own name and secret", login("a", "b", "golden+a", a)], ["a foreign name", login("stranger", "a", "golden+a", a)],
            ] as const) assert.doesNotMatch(await answer, /DIRECT_ACCESS/, what);
            const listed = (await master.tryExec(`timeout 20 iscsi-ls -i ${IQN}:b iscsi://${master.host} 2>&1`)).stdout;
            assert.match(listed, /:b:golden/);
            assert.doesNotMatch(listed, /:a:golden|:c:golden/);
            const readOnly = async (lun: number) => (await master.tryExec(`LIBISCSI_CHAP_USERNAME=golden+a LIBISCSI_CHAP_PASSWORD='${a}' timeout 60 iscsi-test-cu --dataloss -V -t SCSI.ReadOnly -i ${IQN}:a iscsi://${master.host}/${IQN}:a:golden/${lun} 2>&1`)).stdout;
            assert.match(await readOnly(1), /Logical unit is not write-protected/);
            assert.match(await readOnly(7), /\[OK\] WRITE10 returned CHECK_CONDITION DATA PROTECTION/);
            const secretFile = `/sys/kernel/config/target/iscsi/${IQN}:a:golden/tpgt_1/acls/${IQN}:a/auth/password`;
            assert.equal((await master.exec(`cat ${secretFile}`)).trim(), a);
            assert.match((await master.tryExec(`runuser -u admin -- cat ${secretFile} 2>&1`)).stdout, /not permitted|denied/, "a secret that any user can read");
            t.diagnostic(`refused: ${(await login("a", "a", "golden+a", "wrongwrongwrong1")).trim().split("\n").pop()}`);
        }

        const names = ["a", "b", "c"].map((name) => `${IQN}:${name}:golden`);
        let began = Date.now();
        await master.reboot();
        t.diagnostic(`${driver}: reboot to all units ${((Date.now() - began) / 1000).toFixed(0)} s`);
        assert.deepEqual(await targets(), names);
        for (const op of [keeper.own, ...ops]) assert.deepEqual(await whys(keeper, op), [], "a start changes nothing");

        began = Date.now();
        await master.powerCut();
        t.diagnostic(`${driver}: power cut to all units ${((Date.now() - began) / 1000).toFixed(0)} s`);
        assert.deepEqual(await targets(), names);

        // A disk that is gone at a start: the others are there, it is shown, and comes back when it is there again.
        await master.exec(`mv ${at("golden+b")}/disk.1 /root/disk.1 && systemctl restart netboot-iscsi`);
        assert.equal((await master.exec("systemctl is-active netboot-iscsi")).trim(), "active");
        for (const op of [ops[0], ops[2]]) assert.deepEqual(await whys(keeper, op), [], "one that misses its disk takes the others along");
        const missing = (await engineOf(keeper).observe(ops[1])).state;
        assert.notDeepEqual(missing.targets, ops[1].want.targets);
        t.diagnostic((await master.exec("journalctl -b -u netboot-iscsi -o cat --no-pager | tail -n 4")).replaceAll("\n", " | "));
        await master.exec(`mv /root/disk.1 ${at("golden+b")}/disk.1`);
        assert.deepEqual((await whys(keeper, ops[1])).length, 1);
        assert.deepEqual(await whys(keeper, ops[1]), []);

        for (const op of [...ops.map(gone), remove(keeper, "home"), remove(keeper, "golden"), { ...gone(keeper.own), sweep: true }]) await apply(keeper, op);
        assert.deepEqual([(await targets()).join(), await keeper.devices(), (await master.exec(`ls -A ${STORE}; ls -d /etc/netboot /var/lib/netboot 2>/dev/null; true`)).trim()], ["", [], ""]);
    });

test("lvm-thin: power cuts while 24 machines get their disks: what is there is whole, and the next run has the rest", { timeout: 3_600_000 }, async (t) => {
    const keeper = keeperFor("lvm-thin");
    await apply(keeper, keeper.own);
    await apply(keeper, volume(keeper, "golden", { size: 8 * MIB }));
    await write(keeper, "golden", "golden");
    const ops = Array.from({ length: 24 }, (_, i) => keeper.machine(`m${i}`, 30 + i));
    for (const seconds of [1, 4, 9]) {
        const engine = engineOf(keeper);
        const all = ops.map((op) => outcome(engine.reconcile(op)));
        await new Promise((next) => setTimeout(next, seconds * 1000));
        await master.powerCut();
        await Promise.all(all);
        const names = (await listed(keeper)).split(" ").filter((name) => name.startsWith("golden+"));
        for (const name of names) if ((await master.tryExec(`test -e ${at(name)}/lineage`)).exitCode === 0) assert.equal((await master.exec(`head -c 6 ${at(name)}/disk.1`)), "golden", name);
        t.diagnostic(`cut after ${seconds} s: ${names.length} directories, ${(await keeper.devices()).length} devices`);
    }
    const began = Date.now();
    const engine = engineOf(keeper);
    await Promise.all(ops.map((op) => engine.reconcile(op)));
    t.diagnostic(`the rest of 24: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    for (const op of ops) assert.deepEqual(await whys(keeper, op), []);
    assert.equal((await keeper.devices()).length, 25, "no device that nobody names");
    const more = Array.from({ length: 40 }, (_, i) => keeper.machine(`n${i}`, 60 + i));
    const then = Date.now();
    const next = engineOf(keeper);
    await Promise.all(more.map((op) => next.reconcile(op)));
    t.diagnostic(`40 more disks and targets: ${((Date.now() - then) / 1000).toFixed(1)} s`);
    for (const op of [...ops, ...more]) await outcome(apply(keeper, gone(op)));
    for (const op of [remove(keeper, "golden"), { ...gone(keeper.own), sweep: true }]) await apply(keeper, op);
    assert.deepEqual(await keeper.devices(), []);
});

const boot = bootableDisk();
const image = Buffer.concat([boot, randomBytes(3 << 20), Buffer.alloc((24 << 20) - boot.length - (3 << 20))]);
const digest = async (name: string, generation = 1) => (await master.exec(`head -c ${image.length} ${at(name)}/disk.${generation} | sha256sum`)).slice(0, 64);

/** Either firmware reads what LIO offers, whichever driver's device that is. */
const firmwares = { "lvm-thin": "bios", zfs: "uefi" } as const;
const noPool = { "lvm-thin": /there is no thin pool vg0\/nothere[^]*lvcreate --type thin-pool -l 90%FREE -n nothere vg0/, zfs: /there is no data set tank\/nothere[^]*zfs create -o mountpoint=none tank\/nothere/ };

for (const driver of ["lvm-thin", "zfs"] as const) test(`${driver}, by a program: refused without its pool before the first write; a real machine boots from LIO, forgets at each boot, and drift is shown and mended`, { timeout: 3_600_000 }, async (t) => {
    const program = ({ pool = POOLS[driver], by = driver as string, copy = 'persist: "keep"', seed = "first" } = {}) => `
const m = master({ storage: { driver: "${by}", path: "${STORE}", pool: "${pool}" } });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const golden = new netboot.Volume("golden", { master: m, from: new netboot.DiskImage("golden", { master: m, source: "./golden.img" }) });
new netboot.Machine("seat", { master: m, mac: "52:54:00:00:0d:01", pool: lan, address: site.require("address").replace(/[0-9]+$/, "31"), boot: boot.diskless(golden, { ${copy} }), cloudInit: { userData: "#!/bin/sh\\necho ${seed}\\n" } });
`;
    /** The machine's seed, as somebody finds it who has its name and its secret. */
    const found = async () => (await master.exec(`LIBISCSI_CHAP_USERNAME=golden+seat LIBISCSI_CHAP_PASSWORD='${await keeperFor(driver).secret("seat")}' timeout 60 iscsi-readcapacity16 -i ${IQN}:seat -s iscsi://${master.host}/${IQN}:seat:golden/255; cat /sys/kernel/config/target/iscsi/${IQN}:seat:golden/tpgt_1/acls/*/lun_255/write_protect; grep -ao 'echo [a-z]*$' $(cat /sys/kernel/config/target/iscsi/${IQN}:seat:golden/tpgt_1/lun/lun_255/netboot/udev_path)`)).trim().split("\n");

    const site: Site = await openSite(lab, master as never, program({ by: "lvm" }));
    try {
        writeFileSync(join(site.folder, "golden.img"), image);
        assert.match((await site.run(["preview"], { expect: "any" })).text, /storage\.driver is "lvm"/);
        site.program(program({ pool: POOLS[driver].replace(/[^/]*$/, "nothere") }));
        assert.match((await site.up({ expect: 1 })).text, noPool[driver]);
        assert.equal((await master.exec("ls -d /etc/netboot /var/lib/netboot 2>/dev/null; true")).trim(), "");
        if (driver === "lvm-thin") {
            site.program(program({ pool: "vg0/tank" }));
            assert.match((await site.up({ expect: 1 })).text, /vg0\/tank is a logical volume, and no thin pool/);
        }
        site.program(program());
        t.diagnostic(`up ${(await site.up()).seconds.toFixed(1)} s`);
        const sha256 = createHash("sha256").update(image).digest("hex");
        assert.deepEqual([await digest("golden"), await digest("golden+seat")], [sha256, sha256]);
        await site.up({ args: ["--refresh", "--expect-no-changes"] });
        const [capacity, fixed, words] = await found();
        assert.ok(Number(capacity) > 0);
        assert.deepEqual([fixed, words], ["1", "echo first"]);

        await master.exec(`echo 0 >/sys/kernel/config/target/iscsi/${IQN}:seat:golden/tpgt_1/attrib/authentication`);
        assert.match((await site.run(["refresh", "--diff", "--yes"])).text, /no-secret/);
        await site.up();
        await site.up({ args: ["--refresh", "--expect-no-changes"] });

        // What the machine comes to is no initiator and answers nothing: for now the kernel does not ask it whether it is there.
        await master.exec(`for at in /sys/kernel/config/target/iscsi/${IQN}:seat:golden/tpgt_1/acls/*/attrib; do echo 0 >$at/nopin_timeout; done`);
        const client = await startClient(lab, { name: "seat", firmware: firmwares[driver], mac: "52:54:00:00:0d:01" });
        let began = Date.now();
        await client.waitFor("local", 900_000);
        t.diagnostic(`${firmwares[driver]}: from power on to its disk by LIO ${((Date.now() - began) / 1000).toFixed(0)} s`);
        assert.match((await site.run(["destroy", "--yes", "--skip-preview"], { expect: "any" })).text, /has a session on it/);
        site.program(program({ copy: 'persist: "discard"', seed: "second" }));
        await site.up();
        assert.match(await master.exec(`cat /sys/kernel/config/target/iscsi/${IQN}:seat:golden/tpgt_1/acls/*/info`), /Address/, "another seed ends no session");
        assert.equal((await found())[2], "echo second");
        await master.exec(`printf written | dd of=${at("golden+seat")}/disk.1 bs=1M seek=18 conv=notrunc status=none; sync ${at("golden+seat")}/disk.1`);
        await client.restart();
        began = Date.now();
        await client.waitFor("local", 900_000);
        t.diagnostic(`the same with a fresh disk ${((Date.now() - began) / 1000).toFixed(0)} s`);
        assert.equal(await digest("golden+seat"), sha256);
        assert.equal(await digest("golden"), sha256);

        site.program(program({ copy: 'generation: 2, when: "nextBoot"', seed: "second" }));
        await site.up();
        assert.equal((await master.exec(`ls ${at("golden+seat")}`)).trim(), "disk.1\nlineage");
        await client.restart();
        began = Date.now();
        await client.waitFor("local", 900_000);
        t.diagnostic(`the same with a higher generation at its next boot ${((Date.now() - began) / 1000).toFixed(0)} s`);
        assert.equal((await master.exec(`ls ${at("golden+seat")}`)).trim(), "disk.2\nlineage");
        assert.equal(await digest("golden+seat", 2), sha256);
        await client.stop();
        began = Date.now();
        await until("the session that its machine has left to end by itself", 120_000, async () => ((await master.tryExec("grep -q Address /sys/kernel/config/target/iscsi/iqn*/tpgt_1/acls/*/info")).exitCode === 0 ? undefined : true));
        t.diagnostic(`a session that its machine has left ends by itself after ${((Date.now() - began) / 1000).toFixed(0)} s`);
        await site.up({ args: ["--refresh", "--expect-no-changes"] });
        await site.destroy();
        assert.equal((await master.exec(`ls -A ${STORE}; ls -d /etc/netboot /var/lib/netboot /sys/kernel/config/target/iscsi/iqn* 2>/dev/null; true`)).trim(), "");
        assert.deepEqual(await keeperFor(driver).devices(), []);
    } finally {
        site[Symbol.dispose]();
    }
});
