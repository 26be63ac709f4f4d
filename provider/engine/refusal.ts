import { entriesOf, isPath, keyProblem, otherKinds } from "./entries";
import { seenOf, type Facts } from "./facts";
import type { Kind } from "./kind";
import { kindOf } from "./kinds";
import { nameOf, split, stackOf, type Entry } from "./record";
import type { Op, Problem } from "./state";

/** Why an operation may not be carried out at all. `taken` names who wants an exclusive key in this process already. */
export function refusal(op: Op, facts: Facts, taken: ReadonlyMap<Entry, string>): Problem | undefined {
  for (const [of, spec] of entriesOf(op.want)) {
    const [name, key] = split(of);
    const kind = kindOf(name);
    const bad = keyProblem(name, key);
    if (bad) return { cause: `${JSON.stringify(key)} ${bad}`, file: key };
    const problem =
      kind.refuses?.(spec as never, seenOf(facts, kind, key), key) ?? othersClaim(op, kind, of, spec, facts) ?? excluded(op, kind, key, facts) ?? twice(op, kind, of, taken) ?? foreign(op, kind, of, spec, facts);
    if (problem) return problem;
  }
  return undefined;
}

const BOTH = "Give one of the two another value, or remove one of them.";

/** Another stack's. Of the same stack it is a rename, or the next version of the same program. */
function othersClaim(op: Op, kind: Kind, of: Entry, spec: unknown, facts: Facts): Problem | undefined {
  const [, key] = split(of);
  for (const other of facts.holders.get(of) ?? []) {
    if (stackOf(other) === stackOf(op.owner)) continue;
    const ours = kind.digest(spec as never);
    const theirs = facts.owners.get(other)?.get(of);
    if (kind.shared && (kind.keys === "package" || theirs === ours)) continue;
    const cause = kind.shared ? `${key} is declared as ${theirs} by ${nameOf(other)} and as ${ours} by ${nameOf(op.owner)}` : `${key} belongs to ${nameOf(other)} on this master, and ${nameOf(op.owner)} wants it too`;
    return { cause, file: key, mend: BOTH };
  }
  return undefined;
}

/** Another stack's key that is not this one, and yet cannot be beside it. */
function excluded(op: Op, { name, excludes }: Kind, key: string, facts: Facts): Problem | undefined {
  const clashes = excludes?.(key);
  if (!clashes) return undefined;
  for (const [of, owners] of facts.holders) {
    const [kind, other] = split(of);
    const theirs = kind === name && other !== key && clashes(other) && [...owners].find((owner) => stackOf(owner) !== stackOf(op.owner));
    if (theirs) return { cause: `${other} belongs to ${nameOf(theirs)} on this master, and ${nameOf(op.owner)} wants ${key}, which overlaps it`, file: key, mend: BOTH };
  }
  return undefined;
}

function twice(op: Op, kind: Kind, of: Entry, taken: ReadonlyMap<Entry, string>): Problem | undefined {
  const here = taken.get(of);
  if (kind.shared || here === undefined || here === op.owner) return undefined;
  const [, key] = split(of);
  return { cause: `${key} is wanted by ${nameOf(here)} and by ${nameOf(op.owner)}`, file: key, mend: BOTH };
}

/** Something stands in the place that no record of ours names. What is there exactly as declared is taken over. */
function foreign(op: Op, kind: Kind, of: Entry, spec: unknown, facts: Facts): Problem | undefined {
  const [name, key] = split(of);
  if (!isPath(name) || facts.holders.has(of) || facts.created.has(key)) return undefined;
  if (otherKinds(name, key).some((other) => facts.holders.get(other)?.has(op.owner))) return undefined;
  const seen = seenOf(facts, kind, key);
  const why = seen !== undefined && !kind.ours?.(seen) && kind.diff(spec as never, seen, key);
  if (!why) return undefined;
  return name === "directories"
    ? { cause: `the directory ${key} is there, not ours, and not as wanted: ${why}`, file: key, mend: why.startsWith("mode") ? `Change it by hand (chmod ${String(spec)} ${key}), or declare it as it is.` : "Move it away." }
    : { cause: `a file that is not ours stands at ${key} (${why})`, file: key, mend: "Move it away, or declare exactly what it holds." };
}
