import type { HostState } from "../engine/state";
import type { Connection } from "../ssh/transport";
import type { Path } from "./secret";

/** What the SDK adds to the user's arguments. Keys that begin with `__` are hidden in Pulumi's diffs. */
export interface Hidden {
    __provider: string;
    /** The master's `ref`, and the pool's: what pure functions see as `master` and `pool`. Hidden, as their effect is what reviewers look at. */
    __master?: { host: string; maxErase?: number };
    __pool?: unknown;
    /** What other resources are given of this one: `ref` of `desired`. */
    __ref?: unknown;
    /** The resource's URN: who owns what is declared, and where status lines go. */
    __urn: string;
    /** How to reach the master; the only place where credentials are. */
    __connection: Connection;
    /** Which arguments are secret. */
    __secrets?: Path[];
    /** The last operation failed half-way: what state says is a wish. */
    __unwell?: true;
    /** The highest generation ordered for each machine, for ever: what keeps a lost ledger from ordering anything. */
    __ordered?: Record<string, number>;
    /** Which keys of the state hold a secret, so that `read` can seal what it saw. */
    __sealed?: Path[];
}

export type Inputs = Hidden & { name: string; host?: string; nextBoot?: string; revisions?: Record<string, number> } & HostState &
    Record<string, unknown>;

export const hidden = (key: string) => key.startsWith("__");

/** The arguments as the user wrote them, and as the diff shows them. */
export const visible = (inputs: Record<string, unknown>) => Object.fromEntries(Object.entries(inputs).filter(([key]) => !hidden(key)));

const REFERENCES = ["master", "pool", "ref"] as const;

/** The input of a resource's pure functions. */
export function pureInput(inputs: Record<string, unknown>): Record<string, unknown> {
    const { __master, __pool } = inputs;
    return { ...visible(inputs), ...(__master !== undefined && { master: __master }), ...(__pool !== undefined && { pool: __pool }) };
}

/** A path in the arguments as the SDK sends them, as a path in the input of pure functions. */
export const pureName = ([first, ...rest]: Path): Path => [typeof first === "string" && (REFERENCES as readonly string[]).includes(first.slice(2)) ? first.slice(2) : first!, ...rest];

/** What pure functions know, under the names that state has for it. */
export const storedNames = (values: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [(REFERENCES as readonly string[]).includes(key) ? `__${key}` : key, value]));

/** The maps of host state, in the order in which a reader wants to see them. */
export const KINDS = ["packages", "directories", "links", "blobs", "artifacts", "files", "services", "orders", "claims"] as const satisfies (keyof HostState)[];

export function hostState(inputs: Record<string, unknown>): HostState {
    return Object.fromEntries(KINDS.filter((kind) => inputs[kind]).map((kind) => [kind, inputs[kind]])) as HostState;
}

/** `Machine "desk-02"`: how messages name a resource. */
export const label = (type: string, inputs: { name: string }) => `${type} "${inputs.name}"`;

/** The host that a resource lives on; a change of it is a move. */
export const hostOf = (inputs: Inputs) => inputs.__master?.host ?? inputs.host;
