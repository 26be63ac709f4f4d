// A PXE client that runs: how far it has come, what it says, and its buttons and cable.
import type { StartedTestContainer } from "testcontainers";
import { docker } from "./docker.ts";
import { exec, tryExec, until } from "./exec.ts";
import { monitorSocket } from "./machine.ts";
import { monitor } from "./monitor.ts";
import { SerialText } from "./serial.ts";
import { beginsBoot, type Stage, stageOf, type StageSeen } from "./stages.ts";

const running = `printf '%s\\n' '{"execute":"qmp_capabilities"}' '{"execute":"query-status"}' | socat -t 0.3 - UNIX-CONNECT:${monitorSocket} 2>/dev/null | grep -q '"running": true'`;

type Wanted = Stage | RegExp;
interface Waiter {
    wanted: Wanted;
    resolve(seen: StageSeen): void;
    reject(error: Error): void;
}

export class Client {
    readonly name: string;
    readonly container: StartedTestContainer;
    /** Of the present boot; a stage that comes again (a script that fetches another) is listed again. */
    stages: StageSeen[] = [];
    /** How often the machine has started anew since its first start, by itself or by the button. */
    resets = 0;
    private resetting = false;
    private saved = false;
    private since = Date.now();
    private firstLine = 0;
    private ended: string | undefined;
    private readonly text = new SerialText((line) => this.read(line));
    private readonly listeners = new Set<(seen: StageSeen, client: Client) => void>();
    private readonly waiters = new Set<Waiter>();
    private stream: NodeJS.ReadWriteStream | undefined;

    constructor(name: string, container: StartedTestContainer) {
        this.name = name;
        this.container = container;
    }

    /** Called at each stage; returns the function that ends it. */
    onStage(listener: (seen: StageSeen, client: Client) => void): () => void {
        this.listeners.add(listener);
        for (const seen of this.stages) listener(seen, this);
        return () => void this.listeners.delete(listener);
    }

    /** Waits until the present boot has come to `wanted`: a stage, or a line on the serial port. The error shows the last lines. */
    waitFor(wanted: Wanted, timeoutMs = 60_000): Promise<StageSeen> {
        const seen = this.resetting ? undefined : typeof wanted === "string" ? this.stages.find(({ stage }) => stage === wanted) : this.lineLike(wanted);
        if (seen) return Promise.resolve(seen);
        if (this.ended) return Promise.reject(this.failure(wanted, this.ended));
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => settle(() => reject(this.failure(wanted, `not within ${timeoutMs / 1000} s`))), timeoutMs);
            const settle = (what: () => void) => {
                clearTimeout(timer);
                this.waiters.delete(waiter);
                what();
            };
            const waiter: Waiter = { wanted, resolve: (it) => settle(() => resolve(it)), reject: (it) => settle(() => reject(it)) };
            this.waiters.add(waiter);
        });
    }

    /** The kernel command line that the machine came up with. */
    cmdline(): string {
        const line = this.serial().reverse().find((one) => one.startsWith("NETBOOT-UP cmdline="));
        if (line === undefined) throw this.failure("up", "not reached");
        return line.slice("NETBOOT-UP cmdline=".length);
    }

    /** The serial line's text in the present boot. */
    serial(): string[] {
        return [...this.text.lines.slice(this.firstLine), this.text.current];
    }

    /** Types on the serial line, as at iPXE's menu or shell. */
    type(keys: string): void {
        this.stream!.write(keys);
    }

    /** Presses the machine's reset button. */
    async reboot(): Promise<void> {
        this.resetting = true;
        await monitor(this.container, "system_reset");
    }

    /** Pulls the machine's network cable, or puts it back. */
    async link(up: boolean): Promise<void> {
        await monitor(this.container, "set_link", { name: "nic", up });
    }

    /** How often the disk was told to write or to flush since the power came; answers when that is `atLeast` so often. */
    async writes(atLeast = 0): Promise<number> {
        return Number(await this.exec(`perl /machine/writes ${atLeast}`));
    }

    /** The power fails: now, or when the disk was told so often to write. What QEMU has not written by then is lost. */
    async cutPower(writes = 0): Promise<void> {
        await this.exec(`${writes ? `perl /machine/writes ${writes} > /machine/written || exit 0; ` : ""}kill -9 $(cat /machine/pid)`);
        this.resetting = true;
    }

    /** Whoever saved its state before finds it in that state, and not at its beginning. */
    async powerOn(): Promise<void> {
        this.resetting = !this.saved;
        if (this.saved) this.newBoot(this.text.lines.length);
        await this.exec("touch /machine/on");
        await until("the machine to run", 600_000, async () => ((await tryExec(this.container, running)).exitCode === 0 ? true : undefined));
    }

    /** Keeps memory and devices, but for the disk; then the power is off. */
    async save(): Promise<void> {
        await monitor(this.container, "migrate", { uri: "exec:cat > /machine/saving && mv /machine/saving /machine/state" });
        await until("the saved state", 600_000, async () => ((await tryExec(this.container, "test -e /machine/state")).exitCode === 0 ? true : undefined));
        this.saved = true;
        await this.cutPower();
    }

    /** Off and on again. Not `reboot`, where a kernel is to start: after a reset QEMU's translator crawls through it, where it is new it does not. */
    async restart(): Promise<void> {
        await this.cutPower();
        await this.powerOn();
    }

    exec(command: string): Promise<string> {
        return exec(this.container, command);
    }

    async stop(): Promise<void> {
        this.end("it was stopped");
        await this.container.stop();
    }

    /** Follows the serial line from the container's first byte on. */
    async attach(): Promise<void> {
        const { dockerode } = await docker();
        const own = dockerode.getContainer(this.container.getId());
        this.stream = await own.attach({ stream: true, stdin: true, stdout: true, stderr: true, logs: true, hijack: true });
        const sink = { write: (bytes: Buffer) => this.hear(bytes.toString("latin1")) };
        own.modem.demuxStream(this.stream, sink as never, sink as never);
        this.stream.on("end", () => this.end("the machine ended"));
        this.stream.on("error", () => this.end("its serial line broke off"));
    }

    private hear(text: string): void {
        this.text.feed(text);
        // A prompt is a line that does not end.
        if (!this.resetting) this.wake(this.text.current);
    }

    private read(line: string): void {
        if (beginsBoot(line) && (this.resetting || this.stages.some(({ stage }) => stage !== "firmware"))) this.newBoot(this.text.lines.length - 1);
        if (this.resetting) return;                      // the last words of the boot that was cut short
        const found = stageOf(line);
        const seen = found && { ...found, seconds: this.seconds() };
        if (seen && !this.stages.some((it) => it.stage === seen.stage && it.detail === seen.detail)) {
            this.stages.push(seen);
            for (const listener of this.listeners) listener(seen, this);
        }
        this.wake(line, seen);
    }

    private wake(line: string, seen?: StageSeen): void {
        for (const waiter of [...this.waiters])
            if (typeof waiter.wanted === "string" ? waiter.wanted === seen?.stage : waiter.wanted.test(line))
                waiter.resolve(seen ?? this.seenNow(line));
    }

    private newBoot(firstLine: number): void {
        this.stages = [];
        this.resetting = false;
        this.resets++;
        this.since = Date.now();
        this.firstLine = firstLine;
    }

    private seconds = () => (Date.now() - this.since) / 1000;

    private lineLike(pattern: RegExp): StageSeen | undefined {
        const detail = this.serial().find((line) => pattern.test(line));
        return detail === undefined ? undefined : this.seenNow(detail);
    }

    private seenNow(detail: string): StageSeen {
        return { stage: this.stages.at(-1)?.stage ?? "firmware", seconds: this.seconds(), detail };
    }

    private failure(wanted: Wanted, why: string): Error {
        const reached = this.stages.map(({ stage, seconds }) => `${stage} ${seconds.toFixed(1)} s`).join(", ") || "nothing";
        return new Error(`${this.name}: ${wanted}: ${why}. It reached: ${reached}. Its serial line ends with:\n${this.text.tail(40)}`);
    }

    private end(why: string): void {
        this.ended ??= why;
        for (const waiter of [...this.waiters]) waiter.reject(this.failure(waiter.wanted, this.ended));
    }
}
