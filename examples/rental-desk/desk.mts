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
        await up(site, say);
        await gone(site, machine, terms);
        await there(site, machine, terms);
        say(`${machine} is up with ${entry}`);
    } catch (error) {
        say(`${machine} with ${entry}: ${(error as Error).message}; back to ${before ?? "its default"}`);
        await (before === undefined ? site.removeConfig(key) : site.setConfig(key, { value: before }));
        await up(site, say);
        // Where nothing was switched, it runs on as it was.
        await gone(site, machine, terms).catch((reason: Error) => say(reason.message));
        await there(site, machine, terms);
        throw new Error(`${machine} did not come up with ${entry}, and is up with ${before ?? "its default"} again`, { cause: error });
    }
}

/** The program says what the machine boots now; this puts that in service, and then power-cycles the machine. */
const up = (site: Site, say: (line: string) => void) => site.up({ onOutput: (text) => say(text.trimEnd()) });

async function gone(site: Site, machine: string, { port = 22, notice = 60 }: Terms): Promise<void> {
    const address = await addressOf(site, machine);
    await until(`it still answers after ${notice} s`, notice, async () => !(await answers(address, port)));
}

async function there(site: Site, machine: string, { port = 22, patience = 600 }: Terms): Promise<void> {
    const address = await addressOf(site, machine);
    await until(`it does not answer at ${address}:${port} within ${patience} s`, patience, () => answers(address, port));
}

async function addressOf(site: Site, machine: string): Promise<string> {
    const address = (await site.outputs())["addresses"]?.value[machine];
    if (!address) throw new Error("the program has no such machine");
    return address;
}

async function until(otherwise: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + seconds * 1000; !(await condition()); await new Promise((done) => setTimeout(done, 500))) if (Date.now() > end) throw new Error(otherwise);
}

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
