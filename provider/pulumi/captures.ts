import { capturedTo } from "../engine/orders";
import type { OrderSpec } from "../engine/state";
import type { Problem } from "../resource";
import type { Inputs } from "./inputs";

/** By master and file, as far as this process has seen: whose disk state says was read into it, and whose the program says is to be. `check` comes in any order. */
const seen = new Map<string, { read: Map<string, string>; wanted: Map<string, string> }>();

/** What a job does, as far as the machine's boot script knows it too: an order that is claimed stays what it was, and the script would be another's. */
const doing = (job: string): string => capturedTo(job)?.path ?? (/^do install$/m.test(job) ? `an installation${/^disk target=(.*)$/m.exec(job)?.[1]?.replace(/^/, " onto ") ?? ""}` : "a clone");
const files = (orders: Record<string, OrderSpec> = {}) => Object.entries(orders).flatMap(([machine, { job }]) => (capturedTo(job) ? [{ machine, path: doing(job) }] : []));

/** What state shows of captures that nothing would come of: another order had this generation, or another machine's disk is in this file. */
export function captured(host: string, olds: Partial<Inputs>, orders: Record<string, OrderSpec> = {}): Problem[] {
    const { read, wanted } = seen.get(host) ?? { read: new Map<string, string>(), wanted: new Map<string, string>() };
    seen.set(host, { read, wanted });
    const [before, now] = [files(olds.orders), files(orders)];
    for (const { machine, path } of before) read.set(path, machine);
    for (const { machine, path } of now) wanted.set(path, machine);

    const spent = Object.entries(orders).flatMap(([machine, { generation, job }]) => {
        const old = olds.orders?.[machine];
        // A job that is a secret is none here.
        if (old?.generation !== generation || typeof old.job !== "string" || doing(old.job) === doing(job)) return [];
        return [{ property: "boot.generation", reason: `boot.generation is ${generation} for ${machine}, and that was ordered already, for ${doing(old.job)}: say ${generation + 1} to order ${doing(job)}.` }];
    });
    const taken = [...new Set([...before, ...now].map(({ path }) => path))].flatMap((path) => {
        const [first, second] = [read.get(path), wanted.get(path)];
        return first && second && first !== second ? [{ property: "boot", reason: `boot of ${second} is to read its disk into ${path}, as ${first} was ordered to: say another name, or a higher generation.` }] : [];
    });
    return [...spent, ...taken];
}
