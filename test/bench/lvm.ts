// `npm run bench -- lvm`: copies of one golden disk as thin volumes that the kernel offers, on a virtual machine, ours against the bare commands. `-- io`: what a copy reads and writes against a disk that shares nothing, there and on XFS.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { keeperOn, type VirtualKeeper } from "../e2e/virtualKeeper.ts";
import { apply, at, copy, engineOf, MIB, STORE, volume } from "../engine/contract.ts";
import { gone } from "../engine/site.ts";
import type { Lab } from "../lab/lab.ts";
import { startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import { startVirtualMaster } from "../lab/vm.ts";
import type { Row } from "./table.ts";

const COPIES = 32;
const ROUNDS = 3;
const SIZE = 256;                        // MiB
const median = (all: number[]) => [...all].sort((a, b) => a - b)[all.length >> 1]!;

/** What somebody would type: a thin copy and a target with a name and a secret for each. Then it is taken away again. */
const byHand = (golden: string, address: string) => `K=/sys/kernel/config/target; s=$(date +%s%N)
for i in $(seq ${COPIES}); do lvcreate -q -y -s -kn -n hand$i ${golden} >/dev/null || exit 1; done
for i in $(seq ${COPIES}); do b=$K/core/iblock_77/hand$i t=$K/iscsi/iqn.2024-07.example:$i/tpgt_1; a=$t/acls/iqn.2024-07.example:pc$i
mkdir -p $b && echo udev_path=/dev/vg0/hand$i >$b/control && echo 1 >$b/enable && mkdir -p $t/lun/lun_1 && ln -s $b $t/lun/lun_1/hand && mkdir $t/np/${address}:3260 $a && echo pc$i >$a/auth/userid && echo abcdefghijklmno$i >$a/auth/password && mkdir $a/lun_1 && ln -s $t/lun/lun_1 $a/lun_1/hand && echo 1 >$t/attrib/authentication && echo 1 >$t/enable || exit 1; done
echo $((($(date +%s%N) - s) / 1000000))
for i in $(seq ${COPIES}); do b=$K/core/iblock_77/hand$i t=$K/iscsi/iqn.2024-07.example:$i/tpgt_1; a=$t/acls/iqn.2024-07.example:pc$i
echo 0 >$t/enable; rm $a/lun_1/hand; rmdir $a/lun_1 $a $t/np/*; rm $t/lun/lun_1/hand; rmdir $t/lun/lun_1 $t \${t%/*} $b; lvremove -q -f -y vg0/hand$i >/dev/null; done; rmdir $K/core/iblock_77`;

async function said(keeper: Pick<VirtualKeeper, "shell">, command: string): Promise<number> {
    const { stdout, stderr, code } = await keeper.shell(command);
    if (code !== 0) throw new Error(`${command}\n${stderr}`);
    return Number(stdout);
}

async function offered(keeper: VirtualKeeper, address: string, add: (row: Row) => void): Promise<void> {
    const machines = Array.from({ length: COPIES }, (_, i) => keeper.machine(`pc-${i}`, 30 + i));
    const together = (ops: any[]) => { const engine = engineOf(keeper); return Promise.all(ops.map((op) => engine.reconcile(op))); };
    const [ours, hand]: number[][] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
        const began = Date.now();
        await together(machines);
        ours!.push((Date.now() - began) / 1000);
        await together(machines.map(gone));
        hand!.push((await said(keeper, byHand(`$(readlink ${at("golden")}/disk.1)`, address))) / 1000);
        console.log(`${COPIES} copies: ${ours!.at(-1)} s, by hand ${hand!.at(-1)} s`);
    }
    add({ what: `${COPIES} copies of a golden disk, lvm-thin and LIO, from declared to offered`, seconds: median(ours!), base: median(hand!), against: "lvcreate and configfs by hand, without a proof or a record", aim: 1.2 });
}

const WORK = [["read", "sequential", MIB, SIZE], ["read", "random", 4096, 8000], ["write", "random", 4096, 4000], ["write again", "random", 4096, 4000], ["write", "sequential", MIB, SIZE]] as const;

/** A disk that shares nothing against a copy of another like it: in turn, each round with a new copy. */
async function sharing(keeper: Pick<VirtualKeeper, "shell">, plain: string, copies: string[], name: string, add: (row: Row) => void): Promise<void> {
    for (const [how, order, block, count] of WORK) {
        const times = async (disk: string) => (await said(keeper, `perl /run/io.pl ${disk} ${how.split(" ")[0]} ${order} ${block} ${count}`)) / 1000;
        const [base, child]: number[][] = [[], []];
        for (const one of copies) {
            base!.push(await times(plain));
            child!.push(await times(one));
        }
        add({ what: `${name}: ${order} ${how}, ${count} × ${block >> 10} KiB`, seconds: median(child!), base: median(base!), against: "a disk that shares nothing" });
    }
}
const filled = (disk: string) => `head -c ${SIZE * MIB} /dev/urandom | dd of=${disk} bs=1M iflag=fullblock conv=notrunc,fsync status=none && cat >/run/io.pl <<'END'\n${readFileSync(join(import.meta.dirname, "io.pl"), "utf8")}END\necho 0`;
const each = Array.from({ length: ROUNDS }, (_, i) => i);

/** A master with both volumes, full. */
async function virtual(lab: Lab): Promise<{ keeper: VirtualKeeper; address: string; stop(): Promise<void> }> {
    const master = await startVirtualMaster(lab, { disk: "8G" });
    await master.exec(`vgcreate -q vg0 /dev/vda && lvcreate -q -y --type thin-pool -L 4G -n netboot vg0 && mkdir -p ${STORE}`);
    const keeper = keeperOn(lab, master, "lvm-thin");
    await apply(keeper, keeper.own);
    for (const name of ["golden", "plain"]) {
        await apply(keeper, volume(keeper, name, { size: SIZE * MIB }));
        await said(keeper, filled(`${at(name)}/disk.1`));
    }
    return { keeper, address: master.host, stop: () => master.stop() };
}

export async function lvm(lab: Lab, add: (row: Row) => void): Promise<void> {
    const { keeper, address, stop } = await virtual(lab);
    await offered(keeper, address, add);
    await stop();
}

export async function io(lab: Lab, add: (row: Row) => void): Promise<void> {
    const { keeper, stop } = await virtual(lab);
    for (const i of each) await apply(keeper, copy(keeper, `child-${i}`, "golden"));
    await sharing(keeper, `${at("plain")}/disk.1`, each.map((i) => `${at(`child-${i}`)}/disk.1`), "lvm-thin", add);
    await stop();

    const container = await startMaster(lab);
    const store = await mountStore(container, STORE);
    try {
        const shell = async (script: string) => { const { stdout, stderr, exitCode } = await container.tryExec(script); return { stdout, stderr, code: exitCode }; };
        for (const name of ["golden", "plain"]) await said({ shell }, filled(`${STORE}/${name}`));
        await said({ shell }, `for i in ${each.join(" ")}; do cp --reflink=always ${STORE}/golden ${STORE}/child-$i; done; echo 0`);
        await sharing({ shell }, `${STORE}/plain`, each.map((i) => `${STORE}/child-${i}`), "reflink", add);
    } finally {
        await store.unmount();
    }
}
