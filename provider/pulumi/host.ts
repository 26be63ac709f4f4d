import { engineFor, type Engine } from "../engine/engine";
import type { HostState, Op } from "../engine/state";
import type { ResourceType } from "../resource";
import { transportFor } from "../ssh/ssh";
import type { Connection } from "../ssh/transport";
import { counted } from "./counts";
import { connectionOf, type Inputs, hostState, label, pureInput } from "./inputs";
import { remembered } from "./powers";
import { statusOf, warning } from "./status";

/** One engine for each master; it dials with the credential that came last, so that a rotated key takes effect at once. */
export function engineOf(connection: Connection): Engine {
    const { host, port = 22, user = "root" } = connection;
    const id = `${user}@${host}:${port}`;
    latest.set(id, connection);
    const engine = engineFor(id, async () => {
        const transport = await transportFor(latest.get(id)!);
        counted(id, { engine, transport });
        return transport;
    });
    return engine;
}

const latest = new Map<string, Connection>();

function op(type: ResourceType, inputs: Inputs, wish: Partial<Op>): Op {
    return { owner: inputs.__urn, label: label(type.name, inputs), status: statusOf(inputs.__urn), ...wish };
}

/** What is wanted, with what state remembers of it: orders with earlier ones, powers with what machines booted. */
function withMemory({ orders, powers, ...want }: HostState, olds: Partial<Inputs> = {}): HostState {
    const known = (machine: string) => olds.__ordered?.[machine] ?? 0;
    return {
        ...want,
        ...(orders && { orders: Object.fromEntries(Object.entries(orders).map(([machine, order]) => [machine, { ...order, known: known(machine) }])) }),
        ...(powers && { powers: remembered(powers, olds) }),
    };
}

/** Makes the host hold `want` instead of what this resource owns there; checks and sources come from the resource, which knows them from its inputs. */
export async function reconcile(type: ResourceType, inputs: Inputs, { olds, ...wish }: Pick<Op, "want" | "formerly" | "sweep" | "retain"> & { olds?: Inputs }): Promise<void> {
    const { checks, sources, builds, switches } = wish.want ? type.desired(pureInput(inputs)) : {};
    const { notes } = await engineOf(connectionOf(inputs)).reconcile(op(type, inputs, { ...wish, ...(wish.want && { want: withMemory(wish.want, olds) }), ...(checks && { checks }), ...(sources && { sources }), ...(builds && { builds }), ...(switches && { switches }) }));
    for (const note of notes) warning(inputs.__urn, note);
}

/** What is really there of what this resource declares. */
export const observe = (type: ResourceType, inputs: Inputs) => engineOf(connectionOf(inputs)).observe(op(type, inputs, { want: hostState(inputs) }));
