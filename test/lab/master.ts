// A plain Debian server with systemd and sshd, and nothing of ours in it: what the provider is to converge.
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { StartedTestContainer } from "testcontainers";
import type { LabContainer } from "./docker.ts";
import { docker } from "./docker.ts";
import { exec, type Executed, tryExec, until } from "./exec.ts";
import type { Lab } from "./lab.ts";
import type { LabNetwork } from "./network.ts";
import { ed25519 } from "../ssh/keys.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

export interface MasterOptions {
    debian?: 12 | 13;
    daemons?: boolean;                    // Debian 12 with the daemons' packages on it, as another's: `up` and `destroy` are through sooner
    address?: string;                    // on the lab's first network; default its number 2
    name?: string;                       // host name
    files?: Record<string, string>;      // put in before the start, by path
}

export interface Master {
    container: StartedTestContainer;
    id: string;
    debian: 12 | 13;
    host: string;                        // reached from this machine as from the network
    port: number;
    user: "root";                        // "admin" works too, with sudo -n
    hostKey: string;                     // "ssh-ed25519 AAAA…"
    privateKey: string;
    privateKeyPath: string;
    /** Runs a shell command as root, not through SSH; throws where it fails. */
    exec(command: string): Promise<string>;
    tryExec(command: string): Promise<Executed>;
    /** Every file and package, for a comparison before and after. */
    snapshot(): Promise<Snapshot>;
    /** Gives the master one more interface, on another network of the lab; returns the interface's name. */
    attach(network: LabNetwork, address: string): Promise<string>;
    /** Waits until it can be talked to and all its units have started. */
    settled(): Promise<void>;
    stop(): Promise<void>;
}

export async function startMaster(lab: Lab, options: MasterOptions = {}): Promise<Master> {
    const debian = options.debian ?? 12;
    const address = options.address ?? lab.at(2);
    const keys = await lab.once("keys", async () => makeKeys(lab.folder));
    const own = ed25519({ comment: "netboot-lab" });
    const container = await lab.start(options.daemons ? "daemonsDebian12" : `masterDebian${debian}`, { address }, (it) =>
        withSystemd(it.withHostname(options.name ?? "master")).withCopyContentToContainer([
            { target: "/root/.ssh/authorized_keys", content: `${keys.public}\n`, mode: 0o600 },
            // Owned by root, which sshd accepts: admin's home and its .ssh are admin's.
            { target: "/home/admin/.ssh/authorized_keys", content: `${keys.public}\n`, mode: 0o644 },
            // The image's own host keys are the same for all masters.
            { target: "/etc/ssh/ssh_host_ed25519_key", content: own.private, mode: 0o600 },
            { target: "/etc/ssh/ssh_host_ed25519_key.pub", content: `${own.public}\n`, mode: 0o644 },
            ...Object.entries(options.files ?? {}).map(([target, content]) => ({ target, content })),
        ]));
    const settled = async () => {
        await until(`sshd of ${address}`, 60_000, () => greets(address, 22));
        // Units still starting would write files under a snapshot's feet.
        await until(`systemd of ${address}`, 60_000, async () => (/^(running|degraded)/.test((await tryExec(container, "systemctl is-system-running")).stdout) ? true : undefined));
    };
    await settled();
    return {
        container, debian, id: container.getId(), host: address, port: 22, user: "root",
        hostKey: own.public.trim(), privateKey: keys.private, privateKeyPath: keys.path,
        exec: (command) => exec(container, command),
        tryExec: (command) => tryExec(container, command),
        snapshot: () => takeSnapshot(container),
        attach: (network, at) => attach(container, network, at),
        settled,
        stop: async () => void (await container.stop()),
    };
}

/**
 * What systemd needs of a container. Not --privileged: where this machine's own bounding set lacks a capability (here
 * SYS_RESOURCE), the engine can't hand it on and refuses to start the container.
 */
export function withSystemd(container: LabContainer): LabContainer {
    return container
        .withAddedCapabilities("ALL").withDroppedCapabilities("SYS_RESOURCE")
        .withSecurityOpt("seccomp=unconfined", "apparmor=unconfined")
        .withTmpFs({ "/run": "", "/run/lock": "", "/tmp": "exec" })
        .withCreate({ StopSignal: "SIGRTMIN+3" })
        .withHost({ MaskedPaths: [], ReadonlyPaths: [], CgroupnsMode: "private", DeviceCgroupRules: ["a *:* rwm"] });
}

export function makeKeys(folder: string) {
    const pair = ed25519({ comment: "netboot-lab" });
    const path = join(folder, "id_ed25519");
    writeFileSync(path, pair.private, { mode: 0o600 });
    return { private: pair.private, public: pair.public.trim(), path };
}

/** An SSH server speaks first. */
function greets(host: string, port: number): Promise<true | undefined> {
    return new Promise((resolve) => {
        const socket = connect({ host, port, timeout: 1000 });
        const end = (answer?: true) => (socket.destroy(), resolve(answer));
        socket.on("data", () => end(true)).on("error", () => end()).on("timeout", () => end()).on("close", () => end());
    });
}

async function attach(container: StartedTestContainer, network: LabNetwork, address: string): Promise<string> {
    const { dockerode } = await docker();
    await dockerode.getNetwork(network.id).connect({ Container: container.getId(), EndpointConfig: { IPAMConfig: { IPv4Address: address } } });
    const shown = await exec(container, `ip -o -4 addr show to ${address}`);
    return shown.split(/\s+/)[1]!;
}
