import { kinds } from "./kinds";
import { entry, type Entry, type OwnerRecord } from "./record";
import type { KindName } from "./state";

/** What the engine knows of one master: what a probe or the end of a commit said. Immutable: a commit makes new facts. */
export interface Facts {
  /** Bumped by every commit; a script made from older facts must not run. */
  serial: number;
  /** os-release: `id`, `like`, `version`. */
  os: Record<string, string>;
  /** Tools that the scripts need and the host has not. */
  missing: string[];
  owners: ReadonlyMap<string, OwnerRecord>;
  holders: ReadonlyMap<Entry, ReadonlySet<string>>;
  /** Lines of the kinds' probes. What was asked for and is not here is absent. */
  seen: ReadonlyMap<Entry, string>;
  /** What was asked for beside what is recorded. */
  asked: ReadonlySet<Entry>;
  /** Present text of files that are not as recorded. */
  texts: ReadonlyMap<string, string>;
  /** Units that we look after: what the host knows of each spec. */
  units: ReadonlyMap<string, Unit>;
  /** Packages and directories that are there because of us. */
  installed: ReadonlySet<string>;
  created: ReadonlySet<string>;
  /** Is there anything of ours at all, and did the last commit come to its end? */
  memory: boolean;
  unfinished: boolean;
}

export interface Unit {
  spec: string;
  order: number;
  paths: string[];
}

/** The answer of a probe or of an apply, by what each line says first. */
export type Answer = ReadonlyMap<string, string[][]>;

export function parseAnswer(stdout: string): Answer {
  const answer = new Map<string, string[][]>();
  for (const line of stdout.split("\n")) {
    if (!line) continue;
    const [tag, ...fields] = line.split("\t");
    const rows = answer.get(tag!);
    if (rows) rows.push(fields);
    else answer.set(tag!, [fields]);
  }
  return answer;
}

const rows = (answer: Answer, tag: string): string[][] => answer.get(tag) ?? [];
const column = (answer: Answer, tag: string): string[] => rows(answer, tag).map((fields) => fields[0]!);

/** Facts from a whole probe. */
export function factsFrom(answer: Answer, asked: readonly Entry[] = []): Facts {
  const owners = ownersIn(answer);
  return {
    ...memoryIn(answer),
    os: Object.fromEntries(rows(answer, "os").map(([name, value]) => [name!, value ?? ""])),
    missing: column(answer, "missing"),
    owners,
    holders: holdersOf(owners),
    seen: seenIn(answer),
    asked: new Set(asked),
    texts: textsIn(answer),
  };
}

/** Facts with what a small question about more keys brought. */
export const factsWith = (before: Facts, answer: Answer, asked: readonly Entry[]): Facts =>
  ({ ...before, seen: new Map([...before.seen, ...seenIn(answer)]), asked: new Set([...before.asked, ...asked]) });

export const textsIn = (answer: Answer): Map<string, string> =>
  new Map(rows(answer, "text").map(([path, base64]) => [path!, Buffer.from(base64 ?? "", "base64").toString("utf8")]));

/** Facts after a commit: what it touched, as its closing probe saw it, over what was known before. */
export function factsAfter(before: Facts, answer: Answer, touched: readonly Entry[], owners: ReadonlyMap<string, OwnerRecord>): Facts {
  const seen = new Map(before.seen);
  const memory = memoryIn(answer);
  for (const of of touched) seen.delete(of);
  // A directory that has gone with its last user is in no list of what was touched.
  for (const dir of before.created) if (!memory.created.has(dir)) seen.delete(entry("directories", dir));
  for (const [of, line] of seenIn(answer)) seen.set(of, line);
  const texts = new Map(before.texts);
  for (const of of touched) texts.delete(of.slice(of.indexOf("\t") + 1));
  return { ...before, ...memory, owners, holders: holdersOf(owners), seen, texts };
}

/** What the engine keeps in memory on the host besides owners; small, so that every answer has it whole. */
function memoryIn(answer: Answer): Pick<Facts, "serial" | "units" | "installed" | "created" | "memory" | "unfinished"> {
  const units = new Map<string, Unit>();
  for (const [unit, what, value] of rows(answer, "unit")) {
    const known = units.get(unit!) ?? { spec: "", order: 50, paths: [] };
    if (what === "spec") known.spec = value ?? "";
    if (what === "order") known.order = Number(value);
    if (what === "restart" || what === "reload") known.paths.push(value!);
    units.set(unit!, known);
  }
  return {
    serial: Number(column(answer, "serial")[0] ?? 0),
    units,
    installed: new Set(column(answer, "installed")),
    created: new Set(column(answer, "created")),
    memory: answer.has("memory"),
    unfinished: answer.has("unfinished"),
  };
}

function ownersIn(answer: Answer): Map<string, OwnerRecord> {
  const owners = new Map<string, OwnerRecord>();
  let record = new Map<Entry, string>();
  for (const [kind, key, digest] of rows(answer, "own")) {
    if (kind === "owner") owners.set(key!, (record = new Map()));
    else record.set(entry(kind as KindName, key!), digest ?? "");
  }
  return owners;
}

export function holdersOf(owners: ReadonlyMap<string, OwnerRecord>): Map<Entry, Set<string>> {
  const holders = new Map<Entry, Set<string>>();
  for (const [owner, record] of owners)
    for (const of of record.keys()) {
      const known = holders.get(of);
      if (known) known.add(owner);
      else holders.set(of, new Set([owner]));
    }
  return holders;
}

function seenIn(answer: Answer): Map<Entry, string> {
  const seen = new Map<Entry, string>();
  for (const kind of kinds)
    for (const [key, ...fields] of rows(answer, kind.name)) seen.set(entry(kind.name, key!), fields.join("\t"));
  return seen;
}

/** What is there under a key, as its kind reads it. */
export function seenOf(facts: Facts, kind: (typeof kinds)[number], key: string): unknown {
  const line = facts.seen.get(entry(kind.name, key));
  return line === undefined ? undefined : kind.parse(line.split("\t"));
}
