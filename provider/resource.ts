import type { Build, Check, HostState, Switch } from "./engine/state";

/** One thing that is wrong with what the user wrote: which field, and one sentence with value, what is allowed, and the mend. */
export interface Problem {
  /** Property path as the user writes it: `entries[2].key`. */
  property: string;
  reason: string;
}

/**
 * What no two resources of one master may share. `range` and `subnet` claims conflict by overlap, and with addresses inside a range; `groupRange` by an overlap in which
 * neither holds the other, and with a `knownOnly` subnet that holds it.
 */
export interface Claim {
  kind: "name" | "mac" | "uuid" | "serial" | "address" | "subnet" | "range" | "groupMac" | "groupPrefix" | "groupRange" | "knownOnly" | "instanceId" | "bmc";
  value: string;
  property: string;
}

/** What a resource means. Pure: no clock, randomness, environment, disk, network, facts. Same input, same bytes. */
export interface Desired {
  state: HostState;
  /** For a machine: what its next boot does, in one line. */
  nextBoot?: string;
  /** What other resources read; becomes outputs known in previews. `ref` is what the SDK passes on. */
  outputs?: Record<string, unknown>;
  /** Preconditions only the host can answer. */
  checks?: Check[];
  /** What `netboot doctor` asks beside them, and no `up` waits for. */
  doctor?: Check[];
  /** Local paths of blobs by sha256. */
  sources?: Record<string, string>;
  /** How to make artifacts, by path. Like `sources`, known at apply time alone and in no state. */
  builds?: Record<string, Build>;
  /** How machines are switched, by the keys of `powers`. In no state either. */
  switches?: Record<string, Switch>;
}

/**
 * One folder under resources/ per resource: `index.ts` exports one of these as default, templates beside it.
 * `In` is what its functions see of the input: the schema's fields with their defaults filled in, references as plain data.
 */
export interface ResourceType<In = any> {
  /** PascalCase, as in the SDK: "DhcpPool". Its schema is schema/dhcpPool.json. */
  name: string;
  /** Brings equal things to equal form (MAC, CIDR, paths) before rules and rendering. Must let unknown values through. */
  normalise?(input: In): In;
  /** What a schema cannot say, within one resource. Called only when the schema holds and nothing it reads is unknown. */
  rules?(input: In): Problem[];
  /** What no one else may have. */
  claims?(input: In): Claim[];
  desired(input: In): Desired;
}
