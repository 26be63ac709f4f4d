// The desk: `node desk.mts desk-01 debian`. Has a machine boot one of its choices, waits until it is up, and has it boot what it booted before if it does not come up.
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";

/** What the desk needs of a stack. */
export type Site = Pick<Stack, "getAllConfig" | "setConfig" | "removeConfig" | "outputs"> & { up(options: { onOutput: (text: string) => void }): Promise<unknown> };

export interface Terms {
    /** A machine is up when it takes a connection to this port. */
    port?: number;
    /** Seconds in which it has to be up. */
    patience?: number;
    /** Seconds in which one that was running has to be gone: else nothing has switched it. */
    notice?: number;
    say?: (line: string) => void;
}

export async function rent(site: Site, machine: string, entry: string, terms: Terms = {}): Promise<void> {
    const { say = console.log } = terms;
    const key = `netboot:${machine}`;
    await addressOf(site, machine);
    const before = (await site.getAllConfig())[key]?.value;
    if (before === entry) return say(`${machine} boots ${entry} already`);
    try {
        await site.setConfig(key, { value: entry });
        if (!(await restarted(site, machine, terms))) throw new Error("nothing has switched it: it never ceased to answer");
        await there(site, machine, terms);
        say(`${machine} is up with ${entry}`);
    } catch (error) {
        say(`${machine} with ${entry}: ${(error as Error).message}; back to ${before ?? "its default"}`);
        await (before === undefined ? site.removeConfig(key) : site.setConfig(key, { value: before }));
        // Where nothing was switched before, nothing is to be switched back.
        await restarted(site, machine, { ...terms, notice: Math.min(terms.notice ?? 10, 10) });
        await there(site, machine, terms);
        throw new Error(`${machine} did not come up with ${entry}, and is up with ${before ?? "its default"} again`, { cause: error });
    }
}

/** Puts in service what the program says now, by which the machine is power-cycled. Was it gone at any time since? One that starts quickly is back before `up` has ended. */
async function restarted(site: Site, machine: string, { port = 22, notice = 60, say = console.log }: Terms): Promise<boolean> {
    const address = await addressOf(site, machine);
    let [gone, over] = [false, false];
    const watching = (async () => {
        for (; !gone && !over; await pause()) gone = !(await answers(address, port));
    })();
    try {
        await site.up({ onOutput: (text) => say(text.trimEnd()) });
        for (const end = Date.now() + notice * 1000; !gone && Date.now() < end; ) await pause();
        return gone;
    } finally {
        over = true;
        await watching;
    }
}

async function there(site: Site, machine: string, { port = 22, patience = 600 }: Terms): Promise<void> {
    const address = await addressOf(site, machine);
    for (const end = Date.now() + patience * 1000; !(await answers(address, port)); await pause()) if (Date.now() > end) throw new Error(`it does not answer at ${address}:${port} within ${patience} s`);
}

async function addressOf(site: Site, machine: string): Promise<string> {
    const address = (await site.outputs())["addresses"]?.value[machine];
    if (!address) throw new Error("the program has no such machine");
    return address;
}

const pause = () => new Promise((done) => setTimeout(done, 250));

const answers = (host: string, port: number): Promise<boolean> =>
    new Promise((resolve) => {
        const socket = connect({ host, port, timeout: 2000 });
        const end = (answer: boolean) => (socket.destroy(), resolve(answer));
        socket.on("connect", () => end(true)).on("error", () => end(false)).on("timeout", () => end(false));
    });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const [machine, entry, stackName = "lab"] = process.argv.slice(2);
    if (!machine || !entry) throw new Error("usage: node desk.mts MACHINE ENTRY [STACK]");
    await rent(await LocalWorkspace.selectStack({ workDir: import.meta.dirname, stackName }), machine, entry, { port: Number(process.env["DESK_PORT"] ?? 22), patience: Number(process.env["DESK_PATIENCE"] ?? 600) });
}
