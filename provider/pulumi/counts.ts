import { appendFileSync } from "node:fs";
import type { EngineCounts } from "../engine/index";
import type { Counts } from "../ssh/transport";

/** What one run has cost one master: engine and transport count for themselves. */
interface Cost {
    engine: { readonly counts: Readonly<EngineCounts> };
    transport: { readonly counts: Readonly<Counts> };
}

const costs = new Map<string, Cost>();

export const counted = (master: string, cost: Cost): void => void costs.set(master, cost);

/** For the benchmark and the tests: with NETBOOT_COUNTS set, a line of JSON for each master is appended to that file at the end of a run. */
export function report(): void {
    const file = process.env.NETBOOT_COUNTS;
    if (file) for (const [master, { engine, transport }] of costs) appendFileSync(file, `${JSON.stringify({ master, ...transport.counts, ...engine.counts })}\n`);
}
