// Starts a PXE client: a machine under QEMU in a container of its own, on the lab's network like any other.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import { firmwareMemory, type Hardware, machineArguments, machineEnvironment } from "./machine.ts";
import type { LabNetwork } from "./network.ts";
import { advertise } from "./routerAdvertisements.ts";
import { Client } from "./runningClient.ts";
import { firstVariable } from "./uefiVariables.ts";

export type { Client };

export interface ClientOptions extends Omit<Hardware, "disk" | "kernel"> {
    name: string;
    network?: LabNetwork;
    /** What is on its disk (`bootableDisk()`), or the size of an empty one ("2G"). None by default. */
    disk?: Buffer | string;
    /** Starts these files, and asks neither network nor disk. */
    kernel?: { vmlinuz: string; initrd: string; cmdline: string };
    /** Router advertisements on the network spare iPXE a wait of 15 s a time; without them it is as on a network without IPv6. */
    advertisements?: boolean;
}

const [script, writes] = ["machine.sh", "writes.pl"].map((name) => readFileSync(join(import.meta.dirname, name), "utf8")) as [string, string];

export async function startClient(lab: Lab, options: ClientOptions): Promise<Client> {
    const { name, disk, kernel, network = lab.network, advertisements = true } = options;
    if (advertisements) await advertise(lab, network);
    const hardware = { ...options, disk: disk !== undefined, kernel: kernel?.cmdline };
    const container = await lab.start(options.firmware === "arm64" ? "clientArm64" : "client", { network }, (it) =>
        it.withHostname(name)
            .withAddedCapabilities("NET_ADMIN")
            .withHost({ Devices: [{ PathOnHost: "/dev/net/tun", PathInContainer: "/dev/net/tun", CgroupPermissions: "rwm" }] })
            .withCreate({ OpenStdin: true })
            .withEnvironment({ FIRST_VARIABLE: `${firstVariable}`, ...machineEnvironment(options.firmware), ...(typeof disk === "string" ? { DISK_SIZE: disk } : {}) })
            .withCopyContentToContainer([
                { target: "/machine/start.sh", content: script },
                { target: "/machine/writes", content: writes },
                { target: "/machine/boot-variables", content: firmwareMemory(hardware) },
                ...(disk instanceof Buffer ? [{ target: "/machine/disk.img", content: disk }] : []),
            ])
            .withCopyFilesToContainer(kernel ? [{ source: kernel.vmlinuz, target: "/machine/kernel" }, { source: kernel.initrd, target: "/machine/initrd" }] : [])
            .withCommand(["sh", "/machine/start.sh", ...machineArguments(hardware)]));
    const client = new Client(name, container);
    await client.attach();
    return client;
}
