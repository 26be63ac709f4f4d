// A virtual master that keeps volumes by one driver or another: what its MasterServer and its machines want of it, and an initiator that asks it for their disks.
import assert from "node:assert/strict";
import { disklessState } from "../../provider/dist/boot/diskless.js";
import { type Keeper, STORE } from "../engine/contract.ts";
import { urn } from "../engine/site.ts";
import type { Lab } from "../lab/lab.ts";
import type { VirtualMaster } from "../lab/vm.ts";
import { judged } from "../resources/resource.ts";

export const POOLS = { reflink: undefined, "lvm-thin": "vg0/netboot", zfs: "tank/netboot" };
export type DriverName = keyof typeof POOLS;
export const IQN = "iqn.2024-07.internal.netboot";

const LIST = { reflink: ":", "lvm-thin": "lvs --noheadings -o lv_name -S 'lv_name=~^nb'", zfs: "zfs list -H -o name | grep /nb | sed 's|.*/||'" };

export interface VirtualKeeper extends Keeper {
    /** Who gives these as name, user and secret, and asks for a disk of that machine: what it is told. */
    login(as: string, name: string, user: string, password: string, lun?: number): Promise<string>;
    /** The secret of a machine's target, as it is saved. */
    secret(name: string): Promise<string>;
    own: any;
    /** A machine that boots its copy of the volume "golden". */
    machine(name: string, last: number, more?: object): any;
}

export function keeperOn(lab: Lab, master: VirtualMaster, driver: DriverName): VirtualKeeper {
    const storage = { driver, path: STORE, ...(POOLS[driver] && { pool: POOLS[driver] }) };
    const { failures, desired } = judged("MasterServer", { name: "lab", host: master.host, address: master.host, storage } as never);
    assert.deepEqual(failures, []);
    return {
        driver, connect: master.dial,
        shell: async (script) => { const { stdout, stderr, exitCode } = await master.tryExec(script); return { stdout, stderr, code: exitCode }; },
        devices: async () => (await master.tryExec(LIST[driver])).stdout.split("\n").map((line) => line.trim()).filter(Boolean).sort(),
        login: async (as, name, user, password, lun = 1) =>
            (await master.tryExec(`LIBISCSI_CHAP_USERNAME='${user}' LIBISCSI_CHAP_PASSWORD='${password}' timeout 20 iscsi-inq -i ${IQN}:${as} iscsi://${master.host}/${IQN}:${name}:golden/${lun} 2>&1`)).stdout,
        secret: async (name) => (await master.exec(`sed -n 's/^ *incominguser [^ ]* //p' '/etc/netboot/iscsi/${IQN}:${name}:golden.conf'`)).trim(),
        own: { owner: urn("MasterServer", "lab"), label: 'MasterServer "lab"', want: desired!.state, checks: desired!.checks },
        machine: (name, last, more = {}) => ({
            owner: urn("Machine", name), label: `Machine "${name}"`,
            want: disklessState({ name, master: { name: "lab", address: master.host, storage: { ...storage, iqn: IQN } }, address: lab.at(last), boot: { kind: "diskless", volume: { name: "golden" }, persist: "keep", generation: 1, retain: false, ...more } } as any),
        }),
    };
}

/** Each clause of the contract is on a master that has nothing but where its pool is. */
export async function withSettings(master: VirtualMaster, driver: DriverName, proof: () => Promise<void>): Promise<void> {
    await master.exec(`mkdir -p /etc/netboot; printf 'warn 80\\nrefuse 90\\npool ${POOLS[driver] ?? ""}\\n' >/etc/netboot/volumes`);
    await proof();
    assert.equal((await master.exec(`ls -A ${STORE}`)).trim(), "");
    await master.exec("rm -r /etc/netboot");
}
