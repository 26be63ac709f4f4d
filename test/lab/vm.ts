// A master with a kernel of its own: Debian under QEMU, in a container whose place on the network it takes. It starts in a quarter of a minute on a quiet machine, so a file starts one for all its tests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../provider/dist/ssh/ssh.js";
import { ed25519 } from "../ssh/keys.ts";
import { EMULATED } from "./emulated.ts";
import type { Executed } from "./exec.ts";
import { until } from "./exec.ts";
import type { Lab } from "./lab.ts";
import { machineArguments, machineEnvironment } from "./machine.ts";
import { makeKeys, type Master } from "./master.ts";
import { Client } from "./runningClient.ts";

export interface VirtualMaster extends Omit<Master, "container" | "id" | "snapshot" | "attach" | "settled"> {
    /** Its serial line, and its power. */
    machine: Client;
    /** A connection as the engine wants it. */
    dial(): Promise<any>;
    /** Starts it anew in good order, and waits until it can be talked to again. */
    reboot(): Promise<void>;
    /** The power fails, and comes back. */
    powerCut(): Promise<void>;
}

export interface VirtualMasterOptions {
    address?: string;                    // default the lab's number 2
    disk?: string;                       // size of an empty disk beside the system's, /dev/vda
    memory?: number;                     // MiB
    zfs?: boolean;                       // with ZFS, which set-up takes minutes to build
}

export async function startVirtualMaster(lab: Lab, { address = lab.at(2), disk = "8G", memory = 2048, zfs = false }: VirtualMasterOptions = {}): Promise<VirtualMaster> {
    const keys = await lab.once("keys", async () => makeKeys(lab.folder));
    const own = ed25519({ comment: "netboot-lab" });
    const drive = (id: string, slot: number, how: string) => ["-drive", `if=none,id=${id},${how}`, "-device", `virtio-blk-pci,drive=${id},addr=${slot},serial=${id}`];
    const hardware = machineArguments({
        firmware: "bios", mac: "52:54:00:00:ff:02", memory, optionRom: false, disk: true,
        kernel: `root=LABEL=root ro console=ttyS0 ${EMULATED} quiet loglevel=0 net.ifnames=0 systemd.show_status=false`,
        more: [...drive("root", 4, "format=qcow2,discard=unmap,file=/machine/root.qcow2"), ...drive("setup", 5, "format=raw,readonly=on,file=/machine/setup")],
    });
    const read = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");
    const container = await lab.start(zfs ? "vmMasterZfs" : "vmMaster", { address }, (it) =>
        it.withAddedCapabilities("NET_ADMIN")
            .withHost({ Devices: [{ PathOnHost: "/dev/net/tun", PathInContainer: "/dev/net/tun", CgroupPermissions: "rwm" }] })
            .withCreate({ OpenStdin: true })
            .withEnvironment({ ...machineEnvironment("bios"), DISK_SIZE: disk })
            .withCopyContentToContainer([
                { target: "/machine/start.sh", content: read("machine.sh") },
                { target: "/machine/vars.fd", content: "none" },
                { target: "/machine/setup", content: padded(setup(address, lab.network.gateway, keys.public, own)) },
            ])
            .withCommand(["sh", "/machine/start.sh", ...hardware]));
    const machine = new Client("master", container);
    await machine.attach();
    const dial = () => connect({ host: address, hostKey: own.public.trim(), privateKeyPath: keys.path, dialErrorLimit: 0 } as never);
    let line: Promise<any> | undefined;

    /** Which start of the system it is. */
    const born = async () => (await (await dialOnce()).run("cat /proc/sys/kernel/random/boot_id", { step: "boot" })).stdout;
    const dialOnce = async () => {
        const once = await dial();
        const { run } = once;
        return { run: (text: string, options: { step: string }) => run.call(once, text, options).finally(() => once.close()) };
    };
    const settled = async () => /^(running|degraded)/.test((await tryExec("systemctl is-system-running")).stdout) || undefined;
    async function tryExec(command: string): Promise<Executed> {
        const used = (line ??= dial());
        try {
            const { stdout, stderr, code } = await (await used).run(command, { step: "command" });
            return { stdout, stderr, exitCode: code };
        } catch (error) {
            if (line === used) line = undefined;
            throw error;
        }
    }
    async function comeBack(before: string): Promise<void> {
        line = undefined;
        await until("the master to start anew", 900_000, async () => ((await born()) !== before ? true : undefined));
        await until("its units to settle", 600_000, settled);
    }
    await until("sshd of the virtual master", 900_000, born);
    await until("its units to settle", 600_000, settled);
    return {
        machine, debian: 12, host: address, port: 22, user: "root", hostKey: own.public.trim(), privateKey: keys.private, privateKeyPath: keys.path, dial, tryExec,
        async exec(command) {
            const { stdout, stderr, exitCode } = await tryExec(command);
            if (exitCode !== 0) throw new Error(`on the virtual master: exit code ${exitCode} from\n${command}\n${stderr || stdout}`);
            return stdout;
        },
        async reboot() {
            const before = await born();
            await tryExec("systemctl reboot").catch(() => undefined);
            await comeBack(before);
        },
        async powerCut() {
            const before = await born();
            await machine.restart();
            await comeBack(before);
        },
        stop: () => machine.stop(),
    };
}

/** What the system is told at each start, as a script on a disk of its own. */
const setup = (address: string, gateway: string, key: string, own: { private: string; public: string }) => `
ip link set lo up
ip addr add ${address}/24 dev eth0
ip link set eth0 up
ip route add default via ${gateway}
mkdir -p /root/.ssh
printf '%s\\n' '${key}' >/root/.ssh/authorized_keys
umask 077
printf '%s\\n' '${own.private.trim()}' >/etc/ssh/ssh_host_ed25519_key
printf '%s\\n' '${own.public.trim()}' >/etc/ssh/ssh_host_ed25519_key.pub
exit 0
`;

/** A disk has whole sectors. */
const padded = (text: string) => text + "\n".repeat(512 - (Buffer.byteLength(text) % 512));
