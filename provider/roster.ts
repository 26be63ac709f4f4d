import { inside, ipv4, overlap, range, type Span, subnet, within } from "./net";
import type { Claim, Problem } from "./resource";

/**
 * Who has what on each master, as far as this process has seen: `check` is asked for one resource after another and can thus name a
 * conflict in the preview. With two stacks or `--target` it knows only a part; the record on the host decides at apply.
 */
export interface Roster {
  /** Adds what an owner claims, in place of what it claimed before; says what others have already. */
  add(owner: string, master: string, claims: Claim[]): Problem[];
}

interface Held extends Claim {
  owner: string;
}

interface Holdings {
  /** Exact claims by kind and value: a thousand machines are a thousand look-ups. */
  exact: Map<string, Held>;
  /** Subnets and ranges, which conflict by overlap: as few as there are pools and groups. */
  spans: Map<string, Held & { span: Span }>;
  addresses: Map<string, Held & { number: number }>;
  byOwner: Map<string, string[]>;
}

const WORDS: Record<Claim["kind"], string> = {
  name: "a name", mac: "a MAC address", uuid: "a UUID", serial: "a serial number", address: "an address", subnet: "a subnet", range: "a range",
  groupMac: "a listed MAC address", groupPrefix: "a MAC prefix", groupRange: "all their addresses", knownOnly: "a subnet",
  instanceId: "an instance-id", bmc: "a BMC",
};

export function createRoster(): Roster {
  const masters = new Map<string, Holdings>();
  const of = (master: string) => {
    const known = masters.get(master);
    if (known) return known;
    const fresh: Holdings = { exact: new Map(), spans: new Map(), addresses: new Map(), byOwner: new Map() };
    masters.set(master, fresh);
    return fresh;
  };
  return {
    add(owner, master, claims) {
      for (const [key, other] of masters) if (key === master || other.byOwner.has(owner)) forget(other, owner);
      const held = of(master);
      return claims.flatMap((claim) => {
        const problem = conflict(held, owner, claim);
        if (problem) return [problem];
        remember(held, { ...claim, owner });
        return [];
      });
    },
  };
}

export const roster = createRoster();

const keyOf = ({ kind, value }: Claim) => `${kind} ${value}`;
const SPANS: Partial<Record<Claim["kind"], (text: string) => Span | undefined>> = { range, subnet, groupRange: range, knownOnly: subnet };
const spanOf = ({ kind, value }: Claim) => SPANS[kind]?.(value);

function forget(held: Holdings, owner: string): void {
  for (const key of held.byOwner.get(owner) ?? []) for (const map of [held.exact, held.spans, held.addresses]) map.delete(key);
  held.byOwner.delete(owner);
}

function remember(held: Holdings, claim: Held): void {
  const key = keyOf(claim);
  const span = spanOf(claim);
  const number = claim.kind === "address" ? ipv4(claim.value) : undefined;
  held.exact.set(key, claim);
  if (span) held.spans.set(key, { ...claim, span });
  if (number !== undefined) held.addresses.set(key, { ...claim, number });
  const keys = held.byOwner.get(claim.owner);
  if (keys) keys.push(key);
  else held.byOwner.set(claim.owner, [key]);
}

function conflict(held: Holdings, owner: string, claim: Claim): Problem | undefined {
  const { kind, value, property } = claim;
  const say = (reason: string): Problem => ({ property, reason });
  // That is said of a subnet, which is itself claimed.
  if (kind === "knownOnly") return unreachable(held, claim);
  const same = held.exact.get(keyOf(claim));
  // A master may say twice the same of itself (its HTTP and TFTP address); two fields of one fleet may not.
  if (same && same.owner !== owner) return say(`${property} is ${value}, and so is ${same.property} of ${named(same.owner)}: no two can share ${WORDS[kind]}; change one of them.`);
  if (same && same.property !== property) return say(`${property} is ${value}, and so is ${same.property}: no two machines can share ${WORDS[kind]}; change one of them.`);

  if (kind === "groupRange") return equallyNarrow(held, claim) ?? unreachable(held, claim);
  const span = spanOf(claim);
  if (span) {
    for (const other of held.spans.values())
      if (other.kind === kind && overlap(span, other.span))
        return say(`${property} is ${value}, which overlaps ${other.property} ${other.value} of ${named(other.owner)}: no address may be served twice; move one of them.`);
    if (kind !== "range") return undefined;
    for (const other of held.addresses.values())
      if (within(other.number, span)) return say(`${property} is ${value}, which holds ${other.property} ${other.value} of ${named(other.owner)}: what is handed out to anyone must not be anyone's own; shrink the range or move the address.`);
  }
  const number = kind === "address" ? ipv4(value) : undefined;
  if (number === undefined) return undefined;
  for (const other of held.spans.values())
    if (other.kind === "range" && within(number, other.span))
      return say(`${property} is ${value}, which lies in ${other.property} ${other.value} of ${named(other.owner)}: addresses in a range are handed out to anyone; take one outside it.`);
  return undefined;
}

/** Two groups of which neither is within the other: for an address in both, nothing would decide. */
function equallyNarrow(held: Holdings, claim: Claim): Problem | undefined {
  const { value, property } = claim;
  const span = spanOf(claim);
  for (const other of held.spans.values())
    if (span && other.kind === claim.kind && overlap(span, other.span) && !inside(span, other.span) && !inside(other.span, span))
      return { property, reason: `${property} is ${value}, which overlaps ${other.property} ${other.value} of ${named(other.owner)}, and neither is within the other, so that neither is the narrower: move an end of one of them.` };
  return undefined;
}

/** A group by address, and a pool that answers only machines that are known by their MAC: those have a narrower assignment, and no other boots there. */
function unreachable(held: Holdings, claim: Claim): Problem | undefined {
  const { kind, value, property } = claim;
  const span = spanOf(claim);
  for (const other of held.spans.values()) {
    if (!span) break;
    if (kind === "groupRange" && other.kind === "knownOnly" && inside(span, other.span))
      return { property, reason: `${property} is ${value}, all of it in ${other.value}, where ${named(other.owner)} answers only machines that are known by their MAC: list the MACs in match.macs, or let the pool answer all.` };
    if (kind === "knownOnly" && other.kind === "groupRange" && inside(other.span, span))
      return { property, reason: `${property} of ${value} leaves no machine to ${named(other.owner)}, whose ${other.property} ${other.value} is all in it: list the MACs in that group's match.macs, or let the pool answer all.` };
  }
  return undefined;
}

/** `Machine "desk-02"` from a URN (`…$type::name`), and anything else as it is. */
function named(owner: string): string {
  const [, type, name] = /(?:^|[:$/])(\w+)::([^:]+)$/.exec(owner) ?? [];
  return type && name ? `${type} "${name}"` : owner;
}
