// Processes and what they started, by /proc.
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process and all that it started. */
export function family(pid: number): number[] {
    const parents = new Map<number, number[]>();
    for (const name of readdirSync("/proc").filter((it) => /^\d+$/.test(it)))
        try {
            const stat = readFileSync(`/proc/${name}/stat`, "utf8");
            const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
            parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
        } catch { /* it has just ended */ }
    const below = (one: number): number[] => [one, ...(parents.get(one) ?? []).flatMap(below)];
    return below(pid);
}

export function killFamily(pid: number): void {
    for (const one of family(pid)) try { process.kill(one, "SIGKILL"); } catch { /* it went with its parent */ }
}

/**
 * The CLI's language host is in a process group of its own and does not end with the CLI; the program that it runs then tries for ever to say that nobody
 * listens, and takes a processor and all memory. So who starts the CLI and ends before it ends all of it.
 */
export function endsWithUs({ pid }: ChildProcess): () => void {
    const end = () => pid && killFamily(pid);
    process.on("exit", end);
    return () => void process.off("exit", end);
}
