import type { Outcome } from "./apply";
import { base, inside } from "./paths";
import type { Plan } from "./plan";
import type { Op } from "./state";

/** Outcomes whose subject is a key; and those of them that a removal can come to. */
const NAMING = ["digest", "artifact", "volume", "target"];
const GIVING_UP = ["volume", "target"];

/**
 * Who is at fault for what the host refused? Those whose files (by path, else by name) or packages its words name; "all" where it is nobody's in particular;
 * "unknown" where only trying tells. Everybody by name is nobody: the words may quote the whole set.
 */
export function culprits(ops: readonly Op[], plan: Plan, { status, subject, words }: Outcome): Set<Op> | "all" | "unknown" {
  // What ran out of room and is named goes back, and so may leave room for the others.
  if (ops.length === 1 || (!NAMING.includes(status) && /No space left|Read-only file system/.test(words))) return "all";
  // A link in our directories stands in the way of all that is behind it, and of nothing else.
  if (status === "foreign") {
    const behind = new Set(ops.filter((op) => plan.changes.get(op)!.some(({ key }) => inside(key, subject))));
    if (behind.size > 0) return behind.size < ops.length ? behind : "all";
  }
  if (status === "busy") {
    const ending = new Set(ops.filter((op) => plan.changes.get(op)!.some(({ kind, op: what, key }) => kind === "services" && what === "remove" && key === subject)));
    if (ending.size > 0) return ending;
  }
  const named = (says: (key: string) => boolean) =>
    new Set(ops.filter((op) => plan.changes.get(op)!.some((change) => (change.op !== "remove" || GIVING_UP.includes(status)) && change.kind !== "services" && says(change.key))));
  for (const found of [named((key) => mentions(words, key) || (NAMING.includes(status) && subject === key)), named((key) => mentions(words, base(key)))])
    if (found.size > 0 && found.size < ops.length) return found;
  return "unknown";
}

/** As a whole name, not as a part of a longer one. */
function mentions(words: string, name: string): boolean {
  for (let at = words.indexOf(name); at >= 0; at = words.indexOf(name, at + 1)) {
    const before = words[at - 1] ?? " ";
    const after = words[at + name.length] ?? " ";
    if (!/[\w.-]/.test(before) && !/[\w-]/.test(after)) return true;
  }
  return false;
}
