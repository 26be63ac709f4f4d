import type { HostState } from "../engine/state";
import type { Connection } from "../ssh/transport";
import { UNKNOWN } from "../unknown";
import { type Handle, readHandle } from "./handle";
import type { Path } from "./secret";

/** What the SDK adds to the user's arguments. Keys that begin with `__` are hidden in Pulumi's diffs. */
export interface Hidden {
    __provider: string;
    /** Handles of the master and the pool: what pure functions see as `master` and `pool`. Hidden, as their effect is what reviewers look at. */
    __master?: string;
    __pool?: string;
    /** What other resources are given of this one: `ref` of `desired`. */
    __ref?: unknown;
    /** The resource's URN: who owns what is declared, and where status lines go. */
    __urn: string;
    /** How to reach the master; the master's own, which others have in `__master`. Credentials are nowhere else. */
    __connection?: Connection;
    /** Which arguments are secret. */
    __secrets?: Path[];
    /** The last operation failed half-way: what state says is a wish. */
    __unwell?: true;
    /** What machines booted before that, by the keys of `powers`: what of them was due is due still. */
    __booted?: Record<string, string>;
    /** The highest generation ordered for each machine, for ever: what keeps a lost ledger from ordering anything. */
    __ordered?: Record<string, number>;
    /** What was chosen by `boot.choice`, and of what, each time: of a machine, a group or a menu, and of a fleet's machines by name. For `netboot switch` alone. */
    __choice?: unknown[];
    __choices?: Record<string, unknown[]>;
    /** Which keys of the state hold a secret, so that `read` can seal what it saw. */
    __sealed?: Path[];
}

export type Inputs = Hidden & { name: string; host?: string; nextBoot?: string; nextBoots?: Record<string, string>; revisions?: Record<string, number> } & HostState &
    Record<string, unknown>;

export const hidden = (key: string) => key.startsWith("__");

/** The arguments as the user wrote them, and as the diff shows them. */
export const visible = (inputs: Record<string, unknown>) => Object.fromEntries(Object.entries(inputs).filter(([key]) => !hidden(key)));

/** The resources that it refers to, under the names that pure functions have for them. */
const referred = ({ __master, __pool }: Partial<Hidden>): [string, Handle][] =>
    Object.entries({ master: __master, pool: __pool }).flatMap(([key, text]) => (text === undefined ? [] : [[key, readHandle(text)]]));

/** The input of a resource's pure functions. The name is by default the resource's, which its URN ends with. */
export const pureInput = (inputs: Partial<Inputs>): Record<string, unknown> =>
    ({ ...(inputs.__urn && { name: inputs.__urn.split("::").slice(3).join("::") }), ...visible(inputs), ...Object.fromEntries(referred(inputs).map(([key, { ref }]) => [key, ref])) });

/** Where in that input secrets are. */
export const secretsOf = (inputs: Partial<Inputs>): Path[] => [...(inputs.__secrets ?? []), ...referred(inputs).flatMap(([key, { secret }]) => (secret ? [[key]] : []))];

/** What pure functions know, under the names that state has for it; handles are there already. */
export const storedNames = ({ master, pool, ref, ...values }: Record<string, unknown>): Record<string, unknown> => ({ ...values, ...(ref !== undefined && { __ref: ref }) });

/** The maps of host state, in the order in which a reader wants to see them. */
export const KINDS = ["packages", "directories", "links", "blobs", "artifacts", "volumes", "files", "services", "targets", "reports", "places", "orders", "powers", "claims"] as const satisfies (keyof HostState)[];

export function hostState(inputs: Record<string, unknown>): HostState {
    return Object.fromEntries(KINDS.filter((kind) => inputs[kind]).map((kind) => [kind, inputs[kind]])) as HostState;
}

/** `Machine "desk-02"`: how messages name a resource. */
export const label = (type: string, inputs: { name: string }) => `${type} "${inputs.name}"`;

/** The host that a resource lives on; a change of it is a move. */
export const hostOf = ({ __master, host }: Inputs): string | undefined => (__master === undefined ? host : __master === UNKNOWN ? UNKNOWN : readHandle(__master).ref.host);

/** The way to that host. */
export const connectionOf = ({ __master, __connection }: Inputs): Connection => (__master === undefined ? __connection! : readHandle(__master).connection!);
