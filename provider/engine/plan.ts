import { seenOf, type Facts, type Unit } from "./facts";
import type { Change, Todo } from "./kind";
import { kindOf, kinds } from "./kinds";
import { inside, isLive, pathProblem, UNITS } from "./paths";
import { entry, nameOf, split, stackOf, type Entry, type OwnerRecord } from "./record";
import type { HostState, KindName, Op, Problem } from "./state";

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
  /** Keys that an operation gives up. */
  given: Map<Op, Entry[]>;
  /** What a crash or a hand left to be done on this host that is nobody's in this group. */
  debts: string[];
}

const EMPTY: OwnerRecord = new Map();
const PATHS: readonly KindName[] = ["files", "links", "blobs", "artifacts", "volumes", "directories"];
/** What can be kept when its resource goes. */
const CONTENT: readonly KindName[] = ["blobs", "artifacts", "volumes"];
/** The same path as another kind of thing. */
const otherKinds = (name: KindName, key: string): Entry[] => (PATHS.includes(name) ? PATHS.filter((other) => other !== name).map((other) => entry(other, key)) : []);

/** Facts in which what a resource owned under its former URN (an alias, a renamed stack) is its own. */
function renamed(ops: readonly Op[], facts: Facts): Facts {
  const moved = new Map(ops.flatMap(({ owner, formerly }): Array<[string, string]> => (formerly && formerly !== owner && facts.owners.has(formerly) ? [[formerly, owner]] : [])));
  if (moved.size === 0) return facts;
  const owners = new Map(facts.owners);
  const holders = new Map(facts.holders);
  for (const [former, owner] of moved) {
    const record = new Map([...owners.get(former)!, ...(owners.get(owner) ?? EMPTY)]);
    owners.delete(former);
    owners.set(owner, record);
    for (const of of record.keys()) holders.set(of, new Set([...(holders.get(of) ?? [])].map((holder) => moved.get(holder) ?? holder)));
  }
  return { ...facts, owners, holders };
}

export const entriesOf = (state: HostState | undefined): Array<[Entry, unknown]> =>
  kinds.flatMap(({ name }) => Object.entries(state?.[name] ?? {}).map(([key, spec]): [Entry, unknown] => [entry(name, key), spec]));

/**
 * Compares what is wanted with what is there and what is recorded. `taken` names who, in this process, already wanted an exclusive key:
 * a rename gives up a key before it is wanted anew, two resources with one key do not.
 */
export function plan(ops: readonly Op[], known: Facts, taken: ReadonlyMap<Entry, string> = new Map()): Plan {
  const facts = renamed(ops, known);
  const out: Plan = { todo: [], changes: new Map(), refused: new Map(), idle: new Map(), records: new Map(), prune: [], purge: false, given: new Map(), debts: [] };
  const holders = new Map<Entry, Set<string>>(); // overlay: entries whose holders change in this group
  const holding = (of: Entry): Set<string> => {
    let known = holders.get(of);
    if (!known) holders.set(of, (known = new Set(facts.holders.get(of))));
    return known;
  };
  const recordOf = (owner: string): OwnerRecord => (out.records.has(owner) ? (out.records.get(owner) ?? EMPTY) : (facts.owners.get(owner) ?? EMPTY));
  const mine = new Map<Entry, string>(taken);

  const accepted: Op[] = [];
  for (const op of ops) {
    const problem = refusal(op, facts, mine);
    if (problem) {
      out.refused.set(op, problem);
      continue;
    }
    accepted.push(op);
    out.changes.set(op, []);
    out.given.set(op, []);
    const record = new Map(recordOf(op.owner));
    for (const [of, spec] of entriesOf(op.want)) {
      const [name, key] = split(of);
      const kind = kindOf(name);
      record.set(of, kind.digest(spec as never));
      holding(of).add(op.owner);
      if (!kind.shared) {
        mine.set(of, op.owner);
        for (const other of holding(of))
          if (other !== op.owner) {
            const theirs = new Map(recordOf(other));
            theirs.delete(of);
            out.records.set(other, theirs.size ? theirs : undefined);
            holding(of).delete(other);
          }
      }
      const seen = seenOf(facts, kind, key);
      const why = kind.diff(spec as never, seen, key);
      if (why) add(out, op, { kind: name, key, op: seen === undefined ? "add" : "change", why, owner: op.owner, want: spec, seen });
    }
    out.records.set(op.owner, record);
  }

  const going = accepted.flatMap((op): Array<[Op, string, ReadonlySet<Entry>]> => {
    const want = new Set(entriesOf(op.want).map(([of]) => of));
    const stack = stackOf(op.owner);
    const swept = op.sweep ? [...facts.owners.keys()].filter((owner) => owner !== op.owner && stackOf(owner) === stack && !ops.some((o) => o.owner === owner)) : [];
    return [[op, op.owner, want], ...swept.map((owner): [Op, string, ReadonlySet<Entry>] => [op, owner, new Set()])];
  });
  for (const [op, owner, want] of going) {
    const record = new Map(recordOf(owner));
    for (const [of, digest] of [...record]) {
      if (want.has(of)) continue;
      record.delete(of);
      if (owner === op.owner) out.given.get(op)!.push(of);
      holding(of).delete(owner);
      if (holding(of).size > 0) continue; // another's, or shared: it stays
      const [name, key] = split(of);
      const kind = kindOf(name);
      // The path stays, as something else: that takes its place by one rename.
      if (otherKinds(name, key).some((other) => want.has(other))) continue;
      if (op.retain && owner === op.owner && CONTENT.includes(name)) continue;
      // Whose resource did not ask for it loses nothing that nobody can make again: Pulumi was told to keep it.
      if (name === "volumes" && (owner !== op.owner || kind.retained?.(digest))) continue;
      const seen = seenOf(facts, kind, key);
      const why = kind.diff(undefined, seen, key);
      if (why) add(out, op, { kind: name, key, op: "remove", why, owner, seen });
    }
    out.records.set(owner, record.size ? record : undefined);
  }
  for (const former of known.owners.keys()) if (!facts.owners.has(former)) out.records.set(former, undefined);
  for (const [owner, record] of out.records) if (same(record, known.owners.get(owner))) out.records.delete(owner);

  const after = ownersAfter(known, out);
  leftOver(out, facts, after);
  for (const op of accepted)
    if (out.changes.get(op)!.length === 0 && !out.records.has(op.owner) && !op.sweep) out.idle.set(op, idleWords(op));
  return out;
}

function add(out: Plan, op: Op, todo: Todo): void {
  out.todo.push(todo);
  out.changes.get(op)!.push({ kind: todo.kind, key: todo.key, op: todo.op, why: todo.why });
}

/** Why an operation may not be carried out at all. */
function refusal(op: Op, facts: Facts, mine: ReadonlyMap<Entry, string>): Problem | undefined {
  for (const [of, spec] of entriesOf(op.want)) {
    const [name, key] = split(of);
    const kind = kindOf(name);
    const bad = keyProblem(name, key);
    if (bad) return { cause: `${JSON.stringify(key)} ${bad}`, file: key };
    const never = kind.refuses?.(spec as never, seenOf(facts, kind, key), key);
    if (never) return never;
    for (const other of facts.holders.get(of) ?? []) {
      if (other === op.owner) continue;
      const theirs = facts.owners.get(other)?.get(of);
      if (stackOf(other) === stackOf(op.owner)) continue; // a rename, or the next version of the same program
      const ours = kind.digest(spec as never);
      if (kind.shared && (name === "packages" || theirs === ours)) continue;
      const both = kind.shared ? `${key} is declared as ${theirs} by ${nameOf(other)} and as ${ours} by ${nameOf(op.owner)}` : `${key} belongs to ${nameOf(other)} on this master, and ${nameOf(op.owner)} wants it too`;
      return { cause: both, file: key, mend: "Give one of the two another value, or remove one of them." };
    }
    const here = mine.get(of);
    if (!kind.shared && here !== undefined && here !== op.owner)
      return { cause: `${key} is wanted by ${nameOf(here)} and by ${nameOf(op.owner)}`, file: key, mend: "Give one of the two another value, or remove one of them." };
    const own = otherKinds(name, key).some((other) => facts.holders.get(other)?.has(op.owner));
    const foreign = PATHS.includes(name) && !facts.holders.has(of) && !facts.created.has(key) && !own;
    const seen = foreign ? seenOf(facts, kind, key) : undefined;
    const why = seen !== undefined && !kind.ours?.(seen) && kind.diff(spec as never, seen, key);
    if (why)
      return name === "directories"
        ? { cause: `the directory ${key} is there, not ours, and not as wanted: ${why}`, file: key, mend: `Change it by hand (chmod ${String(spec)} ${key}), or declare it as it is.` }
        : { cause: `a file that is not ours stands at ${key} (${why})`, file: key, mend: "Move it away, or declare exactly what it holds." };
  }
  return undefined;
}

function keyProblem(name: KindName, key: string): string | undefined {
  if (PATHS.includes(name)) return pathProblem(key);
  if (name === "packages") return /^[a-z0-9][a-z0-9.+-]+$/.test(key) ? undefined : "is no package name";
  if (name === "services") return /^[A-Za-z0-9:_.@-]+\.[a-z]+$/.test(key) ? undefined : "is no unit name";
  return /[\0\t\n\r]/.test(key) ? "holds a control character" : undefined;
}

export function ownersAfter(facts: Facts, { records }: Pick<Plan, "records">): Map<string, OwnerRecord> {
  const after = new Map(facts.owners);
  for (const [owner, record] of records) {
    if (record) after.set(owner, record);
    else after.delete(owner);
  }
  return after;
}

/** What nobody's wish brings about: what the last owner leaves behind, and what an interrupted commit left undone. */
function leftOver(out: Plan, facts: Facts, after: ReadonlyMap<string, OwnerRecord>): void {
  if (facts.unfinished) out.debts.push("an interrupted commit left something behind");
  if (facts.memory && after.size === 0) out.debts.push("nothing is declared any more");
  for (const [unit] of facts.units) {
    const seen = seenOf(facts, kindOf("services"), unit) as { owed: string } | undefined;
    if (seen && seen.owed !== "none") out.debts.push(`${unit}: ${seen.owed} owed`);
  }
  const removing = out.debts.length > 0 || out.todo.some((t) => t.op === "remove") || [...out.records].some(([owner, record]) => (record?.size ?? 0) < (facts.owners.get(owner)?.size ?? 0));
  if (!removing) return;
  const kept = new Set<string>();
  let packages = false;
  for (const record of after.values())
    for (const of of record.keys()) {
      const [name, key] = split(of);
      if (name === "packages") packages = true;
      if (!PATHS.includes(name)) continue;
      for (let at = key; at && !kept.has(at); at = at.slice(0, at.lastIndexOf("/"))) kept.add(at);
    }
  out.purge = facts.installed.size > 0 && !packages;
  out.prune = [...facts.created].filter((dir) => !kept.has(dir)).sort((a, b) => b.length - a.length);
}

/** Units as they will be after this plan: what each watches, by the order in which they start. */
export function unitsAfter(facts: Facts, todo: readonly Todo[]): Map<string, Pick<Unit, "order" | "paths">> {
  const units = new Map<string, Pick<Unit, "order" | "paths">>(facts.units);
  for (const t of todo) {
    if (t.kind !== "services") continue;
    if (t.want) units.set(t.key, { order: t.want.order ?? 50, paths: [...t.want.restartOn, ...(t.want.reloadOn ?? [])] });
    else units.delete(t.key);
  }
  return new Map([...units].sort(([a, { order: x }], [b, { order: y }]) => x - y || (a < b ? -1 : 1)));
}

/** Does a daemon parse, or read again, what is at this path? The old watch list counts as well as the new: what leaves it is still swapped with the rest. */
export function watchedBy(facts: Facts, todo: readonly Todo[]): (path: string) => boolean {
  const roots = [...facts.units.values(), ...unitsAfter(facts, todo).values()].flatMap((unit) => unit.paths);
  const outside = [...new Set(roots)].filter((root) => !isLive(root));
  return (path) => isLive(path) || inside(path, UNITS) || outside.some((root) => inside(path, root));
}

/** The units that this plan may have to start or reload: with a changed spec or file, or with something owed. */
export function unitsTouched(facts: Facts, todo: readonly Todo[]): string[] {
  const seen = (unit: string) => seenOf(facts, kindOf("services"), unit) as { owed: string } | undefined;
  return [...unitsAfter(facts, todo)]
    .filter(([unit, { paths }]) => (seen(unit)?.owed ?? "none") !== "none" || todo.some((t) => (t.kind === "services" ? t.key === unit : t.key === `${UNITS}/${unit}` || paths.some((root) => inside(t.key, root)))))
    .map(([unit]) => unit);
}

const same = (a: OwnerRecord | undefined, b: OwnerRecord | undefined): boolean =>
  (a?.size ?? 0) === (b?.size ?? 0) && (a === undefined) === (b === undefined) && [...(a ?? EMPTY)].every(([of, digest]) => b!.get(of) === digest);

function idleWords(op: Op): string {
  const parts = kinds.flatMap(({ name }) => {
    const n = Object.keys(op.want?.[name] ?? {}).length;
    return n === 0 ? [] : [`${n} ${n === 1 ? name.replace(/ies$/, "y").replace(/s$/, "") : name}`];
  });
  return parts.length ? `${parts.join(", ")}: as declared` : "nothing of it is there";
}
