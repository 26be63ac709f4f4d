import type { OrderSpec } from "../engine/state";
import type { Problem } from "../resource";
import type { Inputs } from "./inputs";

/** A machine whose disk this run would order erased. */
export interface Erasure {
    machine: string;
    generation: number;
    /** It was ordered before and taken back: given again where no machine had begun it, which only the host knows. */
    again?: true;
}

type Orders = Record<string, OrderSpec>;
type Marks = Record<string, number>;

/** The highest generation by machine, of what was ordered before and what is now: it only grows. */
export function marks(olds: Partial<Inputs>, orders: Orders = {}): Marks {
    const now = Object.entries(orders).map(([machine, { generation }]): [string, number] => [machine, Math.max(generation, olds.__ordered?.[machine] ?? 0)]);
    return { ...olds.__ordered, ...Object.fromEntries(now) };
}

/** Those ordered for the first time, and those ordered again after the machine was to do something else meanwhile. */
export const erasures = (olds: Partial<Inputs>, orders: Orders = {}): Erasure[] =>
    Object.entries(orders).flatMap(([machine, { generation, job }]): Erasure[] => {
        const before = olds.__ordered?.[machine] ?? 0;
        if (!/^do (clone|install)$/m.test(job) || generation < before) return [];
        if (generation > before) return [{ machine, generation }];
        return olds.orders?.[machine] ? [] : [{ machine, generation, again: true }];
    });

/** A generation is a number that only goes up: a lower one is a program of yesterday, and orders nothing. */
export function lowered(olds: Partial<Inputs>, orders: Orders = {}): Problem[] {
    return Object.entries(orders).flatMap(([machine, { generation }]) => {
        const before = olds.__ordered?.[machine] ?? 0;
        if (generation >= before) return [];
        return [{ property: "boot.generation", reason: `boot.generation is ${generation} for ${machine}, and ${before} was ordered already: keep ${before} to leave the disk as it is, or say ${before + 1} to erase it once more.` }];
    });
}

/** What each resource seen by this process would erase, by master: `check` comes one resource after another. */
const seen = new Map<string, Map<string, Erasure[]>>();

/** More erasures in one run than the master allows. */
export function tooMany(owner: string, host: string, erase: Erasure[], most: number): Problem[] {
    const byOwner = seen.get(host) ?? new Map<string, Erasure[]>();
    seen.set(host, byOwner.set(owner, erase));
    const all = [...byOwner.values()].flat();
    if (!erase.length || typeof most !== "number" || all.length <= most) return []; // not known yet, it forbids nothing yet
    return [{ property: "boot.generation", reason: `boot.generation of ${erase.map(({ machine }) => machine).join(", ")} would make ${all.length} machines that this run orders erased, and maxErase of the master is ${most}: set maxErase: ${all.length} on the MasterServer if that many are meant.` }];
}

/** How many machines of this master all resources seen so far would erase. */
export const inAll = (host: string): number => [...(seen.get(host)?.values() ?? [])].flat().length;

/** For the diagnostics of preview and up. The highest number of a run is how many there are in all. */
export function notice(erase: Erasure[], all: number, most: unknown): string {
    const own = `ERASES ${erase.length} ${erase.length === 1 ? "machine" : "machines"}: ${erase.map(({ machine, generation, again }) => `${machine} (generation ${generation}${again ? ", ordered before: where it has not begun" : ""})`).join(", ")}`;
    if (all <= erase.length) return own;
    return `${own}; ${all} machines in this run so far${typeof most === "number" ? `, of at most ${most} (maxErase)` : ""}`;
}
