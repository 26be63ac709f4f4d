import type { Facts } from "./facts";
import type { Op } from "./state";

/** Facts in which what a resource owned under its former URN (an alias, a renamed stack) is its own. */
export function renamed(ops: readonly Op[], facts: Facts): Facts {
  const moved = new Map(ops.flatMap(({ owner, formerly }): Array<[string, string]> => (formerly && formerly !== owner && facts.owners.has(formerly) ? [[formerly, owner]] : [])));
  if (moved.size === 0) return facts;
  const owners = new Map(facts.owners);
  const holders = new Map(facts.holders);
  for (const [former, owner] of moved) {
    const record = new Map([...owners.get(former)!, ...(owners.get(owner) ?? [])]);
    owners.delete(former);
    owners.set(owner, record);
    for (const of of record.keys()) holders.set(of, new Set([...(holders.get(of) ?? [])].map((holder) => moved.get(holder) ?? holder)));
  }
  return { ...facts, owners, holders };
}
