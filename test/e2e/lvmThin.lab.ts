// Disks as thin volumes of LVM, offered by the kernel: Debian's own kernel, device-mapper and LIO, over SSH. All three drivers, with the whole contract, reboots, power cuts and clients: drivers.long.ts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, begins, contract, copy, engineOf, lineage, MIB, outcome, remove, STORE, volume, write } from "../engine/contract.ts";
import { gone } from "../engine/site.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { startVirtualMaster, type VirtualMaster } from "../lab/vm.ts";
import { IQN, keeperOn, type VirtualKeeper, withSettings } from "./virtualKeeper.ts";

const KERNEL = "/sys/kernel/config/target/iscsi";
const A = `${IQN}:a:golden`;

let lab: Lab;
let master: VirtualMaster;
let keeper: VirtualKeeper;
before(async () => {
    lab = await openLab();
    const began = Date.now();
    master = await startVirtualMaster(lab, { disk: "4G", memory: 1024 });
    console.log(`# the virtual master answers ${((Date.now() - began) / 1000).toFixed(0)} s after its start`);
    await master.exec(`vgcreate -q vg0 /dev/vda && lvcreate -q -y --type thin-pool -L 2G -n netboot vg0 && mkdir -p ${STORE}`);
    keeper = keeperOn(lab, master, "lvm-thin");
});
after(() => lab.close());

/** Of the contract, what a real pool shows best. An emulated processor takes half a minute or more for any other clause; drivers.host.ts has them all, with files in place of devices. */
const [words, proof] = contract.find(([words]) => words.startsWith("what is nobody's device"))!;
test(words, { timeout: 600_000 }, () => withSettings(master, "lvm-thin", () => proof(keeper)));

/** As one commit: why each was changed, or why not. */
async function together(...ops: any[]): Promise<string[][]> {
    const engine = engineOf(keeper);
    const all = await Promise.all(ops.map((op) => outcome(engine.reconcile(op))));
    return all.map(({ result, error }) => (error ? [error.message] : result.changed.map(({ why }: any) => why)));
}
/** All that the kernel has of our targets, but who is there and what was counted. */
const live = () => master.exec(`cd ${KERNEL} && find . -type f ! -name info ! -path '*/statistics/*' ! -path '*/fabric_statistics/*' -exec grep -H '' {} + 2>/dev/null | sort; find . -type l -exec readlink {} + | sort`);
const isThere = `grep -q LOGGED_IN ${KERNEL}/${A}/tpgt_1/acls/*/info`;

test("volumes are made, copied, grown and removed; a disk is for who has its name and secret; live is saved; a session keeps its disk", { timeout: 900_000 }, async (t) => {
    const began = Date.now();
    const step = (what: string) => t.diagnostic(`${((Date.now() - began) / 1000).toFixed(0)} s: ${what}`);
    const [a, b] = [keeper.machine("a", 21), keeper.machine("b", 22)];
    const golden = (mib: number) => volume(keeper, "golden", { size: mib * MIB });
    const earlier = copy(keeper, "earlier", "golden");
    await together(keeper.own, golden(8)).then((whys) => whys.forEach((why) => assert.ok(why.length, "made")));
    await write(keeper, "golden", "golden");
    await together(a, b, earlier);
    await write(keeper, "golden", "newest");
    step("made");
    assert.deepEqual(await together(keeper.own, golden(8), a, b, earlier), [[], [], [], [], []], "what was made is what is wanted");
    assert.equal(await lineage(keeper, "earlier"), `netboot-volume 1\ndriver lvm-thin\ngeneration 1\nfrom volume ${at("golden")} 1`);
    for (const name of ["golden+a", "earlier"]) assert.equal(await begins(keeper, name), "golden", `${name} shares nothing with what its parent has become`);
    assert.deepEqual([(await keeper.devices()).length, (await master.exec("lvs --noheadings -o origin -S 'origin!=\"\"' vg0 | sort -u")).trim().split("\n").length], [4, 1], "copies of one device");
    step("looked at");

    const [secretA, secretB] = [await keeper.secret("a"), await keeper.secret("b")];
    assert.match(await keeper.login("a", "a", "golden+a", secretA), /DIRECT_ACCESS/);
    for (const [what, answer] of [
        ["another secret", await keeper.login("a", "a", "golden+a", "wrongwrongwrong1")], ["another name", await keeper.login("b", "a", "golden+a", secretA)], ["another's disk by its own name and secret", await keeper.login("b", "a", "golden+b", secretB)],
    ] as const) assert.match(answer, /Failed to (log|connect)|[Aa]uth/, what);
    step("asked for");
    const before = await live();
    assert.ok(before.includes(secretA) && before.includes(secretB));
    await master.exec("systemctl restart netboot-iscsi");
    assert.equal(await live(), before, "a start brings back from what is saved all that was offered");
    step("started anew");

    // Who reads from the disk of "a" until it is told to stop has a session on it. It gets what the others leave of the processor.
    await master.exec(`LIBISCSI_CHAP_USERNAME=golden+a LIBISCSI_CHAP_PASSWORD='${secretA}' setsid nice -n 19 iscsi-perf -m 1 -i ${IQN}:a -t 900 iscsi://${master.host}/${A}/1 >/run/perf 2>&1 </dev/null & echo $! >/run/perf.pid
        for n in $(seq 50); do ${isThere} && exit 0; sleep 0.2; done; cat /run/perf; exit 1`);
    await write(keeper, "golden+b", "mine!!");
    const [kept, fresh, parent, grown] = await together(gone(a), keeper.machine("b", 22, { generation: 2 }), remove(keeper, "golden"), copy(keeper, "earlier", "golden", { size: 12 * MIB }));
    assert.match(kept!.join(), /has a session on it/);
    assert.match(parent!.join(), /it has children: earlier golden\+a golden\+b/);
    assert.ok(fresh!.includes("generation 1 → 2: made anew"), fresh!.join());
    assert.deepEqual(grown, [`size 8388608 → ${12 * MIB}`]);
    assert.deepEqual([await begins(keeper, "golden+b", 2), (await master.exec(`blockdev --getsize64 $(readlink -f ${at("earlier")}/disk.1); cat ${KERNEL}/${IQN}:b:golden/tpgt_1/lun/lun_1/netboot/udev_path`)).trim()], ["newest", `${12 * MIB}\n${at("golden+b")}/disk.2`]);
    assert.equal(await keeper.secret("b"), secretB, "another disk is no reason for another secret");
    step("with a session");
    await master.exec(`kill $(cat /run/perf.pid); for n in $(seq 50); do ${isThere} || exit 0; sleep 0.2; done; exit 1`);

    for (const ops of [[gone(a), gone(b), remove(keeper, "earlier"), remove(keeper, "golden")], [{ ...gone(keeper.own), sweep: true }]]) assert.doesNotMatch((await together(...ops)).join(), /could not/);
    assert.deepEqual([await keeper.devices(), (await master.exec(`ls -A ${STORE}; ls -d ${KERNEL}/iqn* /etc/netboot /var/lib/netboot 2>/dev/null; true`)).trim()], [[], ""]);
    step("removed");
});
