// One laboratory: a network, and everything started on it. Closing it removes all; so does the end of the process, however
// it ends: by itself, by Ctrl-C in the middle of anything, or, killed hard, by the sweep of the next run.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StartedTestContainer } from "testcontainers";
import { type ImageName, LabContainer } from "./docker.ts";
import { createNetwork, type LabNetwork, type NetworkOptions } from "./network.ts";
import { labels, labLabel, remove, sweep } from "./owner.ts";

export interface LabOptions extends NetworkOptions {
    keep?: boolean;                      // leave everything running after close() and after the process, to play with
}

export interface Where {
    network?: LabNetwork;                // default the lab's first
    address?: string;
    host?: boolean;                      // on no network of the lab, but in this machine's own network space
}

export class Lab {
    readonly id = randomBytes(4).toString("hex");
    readonly networks: LabNetwork[] = [];
    /** For keys and other small files; removed with the lab. */
    readonly folder = mkdtempSync(join(tmpdir(), "netboot-lab-"));
    private readonly labels: Record<string, string>;
    private readonly keep: boolean;
    private readonly pending = new Set<Promise<unknown>>();
    private readonly shared = new Map<string, Promise<unknown>>();
    private closing: Promise<void> | undefined;

    constructor(keep: boolean) {
        this.keep = keep;
        this.labels = labels(this.id, keep);
    }

    get network(): LabNetwork {
        return this.networks[0]!;
    }

    /** The address with this last number on the first network. */
    at(last: number): string {
        return this.network.at(last);
    }

    async addNetwork(options: NetworkOptions = {}): Promise<LabNetwork> {
        const network = await this.track(() => createNetwork(this.labels, this.id, options));
        this.networks.push(network);
        return network;
    }

    /** Starts a container of `image` on a network of the lab, after `configure` has had its say. */
    async start(image: ImageName, where: Where, configure: (container: LabContainer) => void): Promise<StartedTestContainer> {
        const network = where.host ? "host" : (where.network ?? this.network).name;
        const container = new LabContainer(image, { network, address: where.address, labels: this.labels });
        configure(container);
        return this.track(() => container.start());
    }

    /** Makes a thing once, at its first use. */
    once<T>(key: string, make: () => Promise<T>): Promise<T> {
        if (!this.shared.has(key)) this.shared.set(key, make());
        return this.shared.get(key) as Promise<T>;
    }

    /** What is being made when the lab closes must exist before it can be removed. */
    private async track<T>(make: () => Promise<T>): Promise<T> {
        if (this.closing) throw new Error("the lab is closed");
        const made = make();
        this.pending.add(made);
        try {
            return await made;
        } finally {
            this.pending.delete(made);
        }
    }

    close(): Promise<void> {
        return (this.closing ??= this.shut());
    }

    private async shut(): Promise<void> {
        if (!this.keep) {
            await Promise.allSettled(this.pending);
            await remove(this.id);
            rmSync(this.folder, { recursive: true, force: true });
        }
        open.delete(this);
        if (!open.size) unhook();
    }

    /** The last resort when the process ends: no more promises can be waited for. */
    removeNow(): void {
        if (this.keep) return;
        spawnSync("sh", ["-c", removal, "sh", `label=${labLabel}=${this.id}`, this.pending.size ? "4" : "1"], { stdio: "ignore" });
        rmSync(this.folder, { recursive: true, force: true });
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.close();
    }
}

/** Several rounds when a container was just being made: the engine may still finish that after our end. */
const removal = `for round in $(seq "$2"); do
    [ "$round" = 1 ] || sleep 0.7
    docker ps -aq --filter "$1" | xargs -r docker rm -fv
    docker network ls -q --filter "$1" | xargs -r docker network rm
done`;

const open = new Set<Lab>();
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
let interrupted = false;

/** First signal: close in order. Second one: at once. */
const onSignal = (signal: NodeJS.Signals) => {
    const code = signals[signal as keyof typeof signals];
    if (interrupted) process.exit(code);
    interrupted = true;
    void Promise.allSettled([...open].map((lab) => lab.close())).then(() => process.exit(code));
};
const onExit = () => open.forEach((lab) => lab.removeNow());

function hook(): void {
    for (const signal of Object.keys(signals)) process.on(signal, onSignal);
    process.on("exit", onExit);
}

function unhook(): void {
    if (interrupted) return;
    for (const signal of Object.keys(signals)) process.off(signal, onSignal);
    process.off("exit", onExit);
}

export async function openLab({ keep = false, ...network }: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(keep);
    if (!open.size) hook();
    open.add(lab);
    await sweep();
    try {
        await lab.addNetwork(network);
        return lab;
    } catch (error) {
        await lab.close();
        throw error;
    }
}
