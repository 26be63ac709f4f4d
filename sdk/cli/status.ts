import type { MachineStatus } from "@pulumi-netboot/provider";
import type { Options } from "./main";
import { deployed } from "./stack";
import { columns } from "./table";

/** Seconds between two looks at the masters. */
const PACE = 2;
/** Seconds for which a machine that is heard no more may still be there: it asks a master that is away for about 20 minutes. */
const PATIENCE = 1800;

export async function status({ stack, json, once }: Options): Promise<number> {
    const { machineStatus } = await import("@pulumi-netboot/provider");
    const resources = await deployed(stack);
    const live = process.stdout.isTTY && !json && !once;
    for (let height = 0; ; ) {
        const { machines, unasked } = await machineStatus(resources);
        const troubles = unasked.map((why) => `netboot: ${why}\n`).join("");
        const text = json ? `${JSON.stringify(machines, null, 2)}\n` : `${await table(machines, live && machines.some(busy), unasked.length > 0)}${live ? troubles : ""}`;
        // Back to the first line of the last table, and everything below it away.
        process.stdout.write(`${height ? `\u001b[${height}A\u001b[J` : ""}${text}`);
        if (!live) process.stderr.write(troubles);
        if (!live || !machines.some(busy)) return unasked.length || machines.some(({ said }) => said?.stage === "failed") ? 1 : 0;
        height = text.split("\n").length - 1;
        await new Promise((done) => setTimeout(done, PACE * 1000));
    }
}

const busy = ({ order }: MachineStatus) => order === "waiting" || order === "claimed";

async function table(machines: MachineStatus[], live: boolean, partial: boolean): Promise<string> {
    if (!machines.length) return partial ? "" : "No resource of this stack declares a machine.\n";
    const { statusRows } = await import("@pulumi-netboot/provider");
    // What has left the screen at its top cannot be written over: two lines for the names and the rest, one for the cursor.
    const height = live ? (process.stdout.rows || 24) - 3 : Infinity;
    const more = below(machines, height);
    const { names, rows, left } = await statusRows(machines, Math.max(1, height - lines(more)));
    const shown = columns(names.map((name) => name.toUpperCase()), rows);
    return `${shown}${left ? `and ${left} more, which --once shows\n` : ""}${more}`;
}

/** What stands below the table. Where that leaves no room for every machine's row, the row of one at work says more than the way in. */
export function below(machines: MachineStatus[], height: number): string {
    const programs = machines.flatMap(program).join("");
    const all = entrances(machines) + programs;
    return machines.length + lines(all) <= height ? all : entrances(machines.filter(stays)) + programs;
}

const lines = (text: string): number => text.split("\n").length - 1;

const stays = ({ said }: MachineStatus): boolean => said?.stage === "shell" || said?.stage === "failed";

/** How to get into machines: while one works, too. One that is done has left for its own disk, or says `shell`. */
function entrances(machines: MachineStatus[]): string {
    const open = machines.filter(({ said, age = Infinity }) => said?.hostkey && said.stage !== "done" && age <= PATIENCE);
    return open.length ? `\n${open.map(({ machine, said = {} }) => `${machine}: ssh root@${/^[0-9.]+$/.test(said.address ?? "") ? said.address : "ITS-ADDRESS"}    host key ${said.hostkey}\n`).join("")}` : "";
}

/** What a captured disk is in a program. Its digest is what the machine says: that the file has it is found out when it is taken in. */
const program = ({ machine, captured }: MachineStatus): string[] =>
    captured ? [`\n${machine}: its disk is on the master, ${(captured.size / 2 ** 20).toFixed(1)} MiB. In the program:\n    new netboot.DiskImage("${captured.name}", { master, source: { master: "${captured.path}" }, sha256: "${captured.sha256}" });\n`] : [];
