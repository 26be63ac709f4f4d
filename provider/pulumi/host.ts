import { createHash } from "node:crypto";
import { engineFor, type Engine } from "../engine/engine";
import type { HostState, Op } from "../engine/state";
import type { ResourceType } from "../resource";
import { transportFor } from "../ssh/ssh";
import { type Inputs, label, visible } from "./inputs";
import { statusOf } from "./status";

/** One engine for each master and credential: a rotated key takes effect with the first resource that carries it. */
function engineOf(inputs: Inputs): Engine {
    const connection = inputs.__connection;
    const id = createHash("sha256").update(JSON.stringify(connection)).digest("hex");
    return engineFor(id, () => transportFor(connection));
}

function op(type: ResourceType, inputs: Inputs, wish: Partial<Op>): Op {
    return { owner: inputs.__urn, label: label(type.name, inputs), status: statusOf(inputs.__urn), ...wish };
}

/** Makes the host hold `want` instead of `previous`; checks and sources come from the resource, which knows them from its inputs. */
export async function reconcile(type: ResourceType, inputs: Inputs, wish: { want?: HostState; previous?: HostState; sweep?: boolean }): Promise<void> {
    const { checks, sources } = wish.want ? type.desired(visible(inputs)) : {};
    await engineOf(inputs).reconcile(op(type, inputs, { ...wish, ...(checks && { checks }), ...(sources && { sources }) }));
}

export const observe = (type: ResourceType, inputs: Inputs) => {
    const kinds = Object.fromEntries(Object.entries(inputs)) as HostState;
    return engineOf(inputs).observe(op(type, inputs, { want: kinds }));
};
