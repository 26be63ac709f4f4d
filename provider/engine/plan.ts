import { entriesOf, otherKinds } from "./entries";
import { seenOf, type Facts } from "./facts";
import type { Change, Todo } from "./kind";
import { kindOf, kinds } from "./kinds";
import { leftOver } from "./leftOver";
import { sameRecord, split, stackOf, type Entry, type OwnerRecord } from "./record";
import { refusal } from "./refusal";
import { renamed } from "./renamed";
import type { Op, Problem } from "./state";

/** What a group of operations comes to on one master, and whose is what. Made from facts by a pure function. */
export interface Plan {
  todo: Todo[];
  /** Changes by operation, for its answer. */
  changes: Map<Op, Change[]>;
  refused: Map<Op, Problem>;
  /** Operations with nothing to do, and why. */
  idle: Map<Op, string>;
  /** Owners' records that change, as they are to be in the end; undefined when the owner goes. */
  records: Map<string, OwnerRecord | undefined>;
  /** Directories of ours that nobody needs any more, deepest first. */
  prune: string[];
  /** The last package has lost its last owner. */
  purge: boolean;
  /** Keys of what is to be done when the commit is in service. */
  owed: Map<Op, string[]>;
  /** Keys that an operation gives up. */
  given: Map<Op, Entry[]>;
  /** What a crash or a hand left to be done on this host that is nobody's in this group. */
  debts: string[];
}

/** A plan in the making: what has been decided so far lies over the facts. */
interface Draft {
  plan: Plan;
  facts: Facts;
  /** Who holds an entry by now. */
  holding(of: Entry): Set<string>;
  recordOf(owner: string): OwnerRecord;
  /** Who wants an exclusive key. */
  taken: Map<Entry, string>;
}

/**
 * Compares what is wanted with what is there and what is recorded. `taken` names who, in this process, already wanted an exclusive key:
 * a rename gives up a key before it is wanted anew, two resources with one key do not.
 */
export function plan(ops: readonly Op[], known: Facts, taken: ReadonlyMap<Entry, string> = new Map()): Plan {
  const facts = renamed(ops, known);
  const draft = draftOver(facts, taken);
  const out = draft.plan;
  const accepted = ops.filter((op) => accept(draft, op));
  for (const { op, owner, want } of leaving(accepted, ops, facts)) giveUp(draft, op, owner, want);

  for (const former of known.owners.keys()) if (!facts.owners.has(former)) out.records.set(former, undefined);
  for (const [owner, record] of out.records) if (sameRecord(record, known.owners.get(owner))) out.records.delete(owner);
  Object.assign(out, leftOver(out, facts, ownersAfter(known, out)));
  for (const op of accepted)
    if (out.changes.get(op)!.length === 0 && !out.records.has(op.owner) && !op.sweep) out.idle.set(op, idleWords(op));
  return out;
}

function draftOver(facts: Facts, taken: ReadonlyMap<Entry, string>): Draft {
  const plan: Plan = { todo: [], changes: new Map(), refused: new Map(), idle: new Map(), records: new Map(), prune: [], purge: false, given: new Map(), owed: new Map(), debts: [] };
  const holders = new Map<Entry, Set<string>>();
  return {
    plan,
    facts,
    taken: new Map(taken),
    holding(of) {
      let held = holders.get(of);
      if (!held) holders.set(of, (held = new Set(facts.holders.get(of))));
      return held;
    },
    recordOf: (owner) => (plan.records.has(owner) ? plan.records.get(owner) : facts.owners.get(owner)) ?? new Map(),
  };
}

/** Plans what the operation wants; says whether it may. */
function accept(draft: Draft, op: Op): boolean {
  const { plan, facts, holding } = draft;
  const problem = refusal(op, facts, draft.taken);
  if (problem) {
    plan.refused.set(op, problem);
    return false;
  }
  plan.changes.set(op, []);
  plan.given.set(op, []);
  plan.owed.set(op, []);
  const record = new Map(draft.recordOf(op.owner));
  for (const [of, spec] of entriesOf(op.want)) {
    const [name, key] = split(of);
    const kind = kindOf(name);
    record.set(of, kind.digest(spec as never));
    holding(of).add(op.owner);
    if (!kind.shared) takeOver(draft, op, of);
    const seen = seenOf(facts, kind, key);
    const why = kind.diff(spec as never, seen, key);
    if (why) add(plan, op, { kind: name, key, op: seen === undefined ? "add" : "change", why, owner: op.owner, want: spec, seen });
    if (kind.owes?.(spec as never, seen)) plan.owed.get(op)!.push(key);
  }
  plan.records.set(op.owner, record);
  return true;
}

/** An exclusive key is one owner's: whoever had it, has it no more. */
function takeOver({ plan, taken, holding, recordOf }: Draft, op: Op, of: Entry): void {
  taken.set(of, op.owner);
  for (const other of holding(of)) {
    if (other === op.owner) continue;
    const theirs = new Map(recordOf(other));
    theirs.delete(of);
    plan.records.set(other, theirs.size ? theirs : undefined);
    holding(of).delete(other);
  }
}

interface Leaving {
  op: Op;
  owner: string;
  want: ReadonlySet<Entry>;
}

/** Who may have something that is wanted no more: each operation's owner, and with `sweep` all of its stack that nobody asked for. */
const leaving = (accepted: readonly Op[], ops: readonly Op[], facts: Facts): Leaving[] =>
  accepted.flatMap((op): Leaving[] => {
    const stack = stackOf(op.owner);
    const swept = op.sweep ? [...facts.owners.keys()].filter((owner) => owner !== op.owner && stackOf(owner) === stack && !ops.some((o) => o.owner === owner)) : [];
    return [{ op, owner: op.owner, want: new Set(entriesOf(op.want).map(([of]) => of)) }, ...swept.map((owner) => ({ op, owner, want: new Set<Entry>() }))];
  });

/** Plans the end of what this owner has and does not want. */
function giveUp({ plan, facts, holding, recordOf }: Draft, op: Op, owner: string, want: ReadonlySet<Entry>): void {
  const record = new Map(recordOf(owner));
  for (const [of, digest] of [...record]) {
    if (want.has(of)) continue;
    record.delete(of);
    if (owner === op.owner) plan.given.get(op)!.push(of);
    holding(of).delete(owner);
    if (holding(of).size > 0) continue; // another's, or shared: it stays
    const [name, key] = split(of);
    const kind = kindOf(name);
    // The path stays, as something else: that takes its place by one rename.
    if (otherKinds(name, key).some((other) => want.has(other))) continue;
    if (op.retain && owner === op.owner && kind.content) continue;
    // Whose resource did not ask for it loses nothing that nobody can make again: Pulumi was told to keep it.
    if (kind.retained && (owner !== op.owner || kind.retained(digest))) continue;
    const seen = seenOf(facts, kind, key);
    const why = kind.diff(undefined, seen, key);
    if (why) add(plan, op, { kind: name, key, op: "remove", why, owner, seen });
  }
  plan.records.set(owner, record.size ? record : undefined);
}

function add(plan: Plan, op: Op, todo: Todo): void {
  plan.todo.push(todo);
  plan.changes.get(op)!.push({ kind: todo.kind, key: todo.key, op: todo.op, why: todo.why });
}

export function ownersAfter(facts: Facts, { records }: Pick<Plan, "records">): Map<string, OwnerRecord> {
  const after = new Map(facts.owners);
  for (const [owner, record] of records) {
    if (record) after.set(owner, record);
    else after.delete(owner);
  }
  return after;
}

function idleWords(op: Op): string {
  const parts = kinds.flatMap(({ name }) => {
    const n = Object.keys(op.want?.[name] ?? {}).length;
    return n === 0 ? [] : [`${n} ${n === 1 ? name.replace(/ies$/, "y").replace(/s$/, "") : name}`];
  });
  return parts.length ? `${parts.join(", ")}: as declared` : "nothing of it is there";
}
