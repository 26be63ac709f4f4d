import { hostname, userInfo } from "node:os";
import type { RunOptions, Transport } from "../ssh/transport";
import { applyScript, outcomeOf, type Outcome } from "./apply";
import { checkScript, findingsOf } from "./checks/ask";
import type { Finding } from "./checks";
import { culprits } from "./culprits";
import { EngineError } from "./errors";
import { factsAfter, factsFrom, parseAnswer, type Facts } from "./facts";
import type { Change } from "./kind";
import { observed, truth, unknownTexts, type Observed } from "./observe";
import { entriesOf, plan as planOf, type Plan, type Problem } from "./plan";
import { probeScript, textScript } from "./probe";
import { split, type Entry } from "./record";
import type { BlobSpec, Check, Op } from "./state";
import { upload } from "./upload";

export interface Result {
  changed: Change[];
  /** What was done, or why nothing was; and what the user should know. */
  why: string;
}

/** What the engine has done so far; the benchmark and the tests read these. */
export interface EngineCounts {
  probes: number;
  commits: number;
  /** Files, links and blobs put in place or removed. */
  writes: number;
  reloads: number;
  /** Starts included. */
  restarts: number;
  uploads: number;
}

export interface EngineOptions {
  /** Who commits, for those who wait for the lock. */
  who?: string;
  /** Seconds to wait for the lock. Default 1,800. */
  patience?: number;
  /** Seconds to watch a service after its start. Default 0.5. */
  watch?: number;
}

/** One master. Operations that come while a commit is under way become the next one. */
export interface Engine {
  /** Makes a wish true, or what is gone gone; throws an `EngineError`. */
  reconcile(op: Op): Promise<Result>;
  /** What is really there of what `op.want` (as state has it) names. Writes nothing. */
  observe(op: Op): Promise<Observed>;
  /** Asks the host what an `up` would ask before its first write. Writes nothing. */
  doctor(checks: readonly Check[]): Promise<Finding[]>;
  /** Forgets what was seen, so that the next question goes to the host. */
  forget(): void;
  readonly counts: Readonly<EngineCounts>;
}

interface Waiting {
  op: Op;
  done: (result: Result) => void;
  failed: (error: unknown) => void;
  checked?: boolean;
  uploaded?: boolean;
}

const engines = new Map<string, Engine>();

/** The engine of a master: one in a process, whatever the number of resources. */
export function engineFor(id: string, connect: () => Promise<Transport>, options: EngineOptions = {}): Engine {
  let engine = engines.get(id);
  if (!engine) engines.set(id, (engine = createEngine(connect, options)));
  return engine;
}

const STALE_LIMIT = 5;
const LOST_LIMIT = 2;

export function createEngine(connect: () => Promise<Transport>, options: EngineOptions = {}): Engine {
  const setting = { who: options.who ?? `${userInfo().username}@${hostname()}, process ${process.pid}`, patience: options.patience ?? 1800, watch: options.watch ?? 0.5 };
  const counts: EngineCounts = { probes: 0, commits: 0, writes: 0, reloads: 0, restarts: 0, uploads: 0 };
  const taken = new Map<Entry, string>();
  const uploads = new Map<string, Promise<void>>();
  let queue: Waiting[] = [];
  let running = false;
  let transport: Promise<Transport> | undefined;
  let facts: Promise<Facts> | undefined;
  let looking: { ops: Op[]; answer: Promise<Facts> } | undefined;

  /** The connection; a failed one is tried anew by whoever comes next. */
  function line(): Promise<Transport> {
    if (!transport) {
      const dialling = connect();
      transport = dialling;
      dialling.catch(() => transport === dialling && (transport = undefined));
    }
    return transport;
  }

  /** Runs a script whose answer ends with "end". One that does not has been cut: that is a lost connection, not an answer. */
  async function ask(script: string, options: RunOptions) {
    const current = line();
    const to = await current;
    try {
      const output = await to.run(script, options);
      const answer = parseAnswer(output.stdout);
      if (!answer.has("end")) throw new Error(`${options.step} on ${to.host} gave no whole answer (exit ${output.code})${output.stderr ? `: ${output.stderr.trim().slice(-2000)}` : ""}`);
      return { answer, stdout: output.stdout, host: to.host };
    } catch (error) {
      if (transport === current) transport = undefined;
      facts = undefined;
      throw error;
    }
  }

  /** Tries again where a connection was lost: what the last script did is seen by the next probe, which waits for its lock. */
  async function persist<T>(work: () => Promise<T>): Promise<T> {
    for (let lost = 0; ; lost++) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof EngineError || lost >= LOST_LIMIT || !wasConnected) throw error;
      }
    }
  }
  let wasConnected = false;

  function known(wanted: readonly Op[], progress?: (line: string) => void): Promise<Facts> {
    if (!facts) {
      const entries = [...new Set(wanted.flatMap((op) => entriesOf(op.want).map(([of]) => of)))];
      const probing = ask(probeScript(entries), { step: "probe", onProgress: progress }).then(({ answer, host }) => {
        counts.probes++;
        wasConnected = true;
        const locked = answer.get("locked");
        if (locked) throw new EngineError({ label: "the master", host, cause: `its lock is still held by ${locked[0]?.join(" ")}`, mend: "Wait for that run to end, or end it." });
        return factsFrom(answer);
      });
      facts = probing;
      probing.catch(() => facts === probing && (facts = undefined));
    }
    return facts;
  }

  /** Takes all that waits, again and again. What arrived in one tick goes together; there is no timer. */
  async function work(): Promise<void> {
    if (running) return;
    running = true;
    await new Promise(setImmediate);
    while (queue.length > 0) {
      const group = queue;
      queue = [];
      await commit(group);
    }
    running = false;
  }

  async function commit(group: Waiting[]): Promise<void> {
    const open = new Set(group);
    await attempt(group, open).catch((error) => open.forEach((w) => w.failed(error)));
  }

  /** `open` are those that this attempt still answers for: who is uploading comes back by itself. */
  async function attempt(group: Waiting[], open: Set<Waiting>): Promise<void> {
    let waiting = group;
    for (let stale = 0; waiting.length > 0; stale++) {
      const ops = waiting.map((w) => w.op);
      const tell = (text: string) => waiting.forEach((w) => w.op.status?.(text));
      const now = await persist(() => known(ops, tell));
      const host = (await line()).host;
      const planned = planOf(ops, now, taken);
      const of = new Map(waiting.map((w) => [w.op, w]));
      for (const [op, problem] of planned.refused) of.get(op)!.failed(new EngineError({ ...problem, label: op.label, host, partial: truth(op, now) }));
      waiting = waiting.filter((w) => !planned.refused.has(w.op));
      if (waiting.length === 0) return;

      const unready = await prepare(waiting, planned, now, host);
      if (unready.size > 0 || planned.refused.size > 0) {
        waiting = waiting.filter((w) => !unready.has(w));
        unready.forEach((w) => open.delete(w));
        stale--;
        continue; // the plan is for fewer operations now
      }
      if (planned.todo.length === 0 && planned.records.size === 0 && planned.debts.length === 0) {
        for (const w of waiting) settle(w, planned, []);
        return;
      }

      const script = applyScript(planned, now, setting);
      const { answer } = await persistApply(script.text, tell, stale);
      if (!answer) continue;
      const outcome = outcomeOf(answer)!;
      counts.reloads += outcome.reloads.length;
      counts.restarts += outcome.restarts.length;
      if (outcome.status === "stale" || outcome.status === "locked") {
        facts = undefined;
        if (outcome.subject === "upload") {
          uploads.clear();
          waiting.forEach((w) => (w.uploaded = false));
        }
        if (outcome.status === "locked" || stale >= STALE_LIMIT)
          throw new EngineError({ label: waiting[0]!.op.label, host, cause: outcome.status === "locked" ? `the lock is still held by ${outcome.subject}` : "the host keeps changing under our hands", mend: "Wait for the other run to end, and try again." });
        continue;
      }
      counts.commits++;
      if (outcome.status !== "ok") {
        facts = undefined;
        await divide(waiting, planned, outcome, host);
        return;
      }
      counts.writes += planned.todo.filter((t) => ["files", "links", "blobs"].includes(t.kind)).length;
      for (const t of planned.todo) if (t.kind === "blobs" && t.want) uploads.delete(t.want.sha256); // moved from where it waited
      const after = factsAfter(now, answer, script.touched, script.owners);
      facts = Promise.resolve(after);
      prove(waiting, planned, after, host, outcome.notes);
      return;
    }
  }

  /** A lost connection while applying: the script goes on by itself, so the next round looks at what it did. */
  async function persistApply(text: string, tell: (text: string) => void, round: number) {
    try {
      return await ask(text, { step: "apply", onProgress: tell });
    } catch (error) {
      if (round >= LOST_LIMIT) throw error;
      return { answer: undefined };
    }
  }

  /** What must hold, and be there, before the commit. Returns those that have failed or are still uploading. */
  async function prepare(waiting: Waiting[], planned: Plan, now: Facts, host: string): Promise<Set<Waiting>> {
    const unready = new Set<Waiting>();
    const asking = waiting.filter((w) => !w.checked && w.op.checks?.length && planned.changes.get(w.op)!.length > 0);
    if (asking.length > 0) {
      const findings = await persist(() => check(asking.flatMap((w) => w.op.checks!), now));
      for (const w of asking) {
        w.checked = true;
        const bad = findings.splice(0, w.op.checks!.length).filter((finding) => !finding.ok);
        if (bad.length === 0) continue;
        unready.add(w);
        const [first, ...more] = bad;
        w.failed(new EngineError({ label: w.op.label, host, cause: first!.what, words: more.map((finding) => [finding.what, finding.mend].filter(Boolean).join(". ")).join("\n") || undefined, mend: first!.mend, partial: {} }));
      }
    }
    for (const w of waiting) {
      const missing = planned.todo.filter((t) => t.kind === "blobs" && t.op !== "remove" && t.owner === w.op.owner).map((t) => t.want as BlobSpec);
      if (unready.has(w) || w.uploaded || missing.length === 0) continue;
      unready.add(w);
      void sendAll(w, missing); // others need not wait for it
    }
    return unready;
  }

  async function sendAll(w: Waiting, missing: BlobSpec[]): Promise<void> {
    try {
      for (const blob of missing) {
        let sending = uploads.get(blob.sha256);
        if (!sending) {
          counts.uploads++;
          sending = line().then((to) => upload(w.op, blob.sha256, blob.size, to));
          uploads.set(blob.sha256, sending);
          sending.catch(() => uploads.delete(blob.sha256));
        }
        await sending;
      }
      w.uploaded = true;
      queue.push(w);
      void work();
    } catch (error) {
      w.failed(error);
    }
  }

  async function check(checks: readonly Check[], now: Facts): Promise<Finding[]> {
    const { stdout } = await ask(checkScript(checks), { step: "checks" });
    return findingsOf(checks, stdout, now);
  }

  /** Something was refused: whoever is at fault fails alone, and the others go on without. */
  async function divide(waiting: Waiting[], planned: Plan, outcome: Outcome, host: string): Promise<void> {
    const problem = problemOf(outcome);
    const guilty = culprits(waiting.map((w) => w.op), planned, outcome);
    if (guilty === "all" || waiting.length === 1) {
      const after = await known([]).catch(() => undefined);
      for (const w of waiting) w.failed(new EngineError({ ...problem, label: w.op.label, host, partial: after && truth(w.op, after) }));
      return;
    }
    if (guilty === "unknown") {
      const half = Math.ceil(waiting.length / 2);
      await commit(waiting.slice(0, half));
      await commit(waiting.slice(half));
      return;
    }
    await commit(waiting.filter((w) => !guilty.has(w.op)));
    for (const w of waiting.filter((w) => guilty.has(w.op))) await commit([w]); // alone, for words of its own
  }

  function prove(waiting: Waiting[], planned: Plan, after: Facts, host: string, notes: string[]): void {
    const left = planOf(waiting.map((w) => w.op), after, taken);
    for (const w of waiting) {
      const open = left.changes.get(w.op) ?? [];
      if (open.length === 0) settle(w, planned, notes);
      else w.failed(new EngineError({ label: w.op.label, host, cause: "it was applied, and it is still not as wanted", words: open.map((c) => `${c.key}: ${c.why}`).join("\n"), mend: "Something on the master undoes it: find out what, and try again.", partial: truth(w.op, after) }));
    }
  }

  function settle(w: Waiting, planned: Plan, notes: string[]): void {
    for (const [of, owner] of taken) if (owner === w.op.owner && !entriesOf(w.op.want).some(([mine]) => mine === of)) taken.delete(of);
    for (const [of] of entriesOf(w.op.want)) if (!["packages", "directories", "blobs"].includes(split(of)[0])) taken.set(of, w.op.owner);
    const changed = planned.changes.get(w.op) ?? [];
    w.done({ changed, why: [planned.idle.get(w.op) ?? `${changed.length} changed`, ...notes].join("; ") });
  }

  return {
    counts,
    forget: () => void (facts = undefined),
    reconcile: (op) =>
      new Promise<Result>((done, failed) => {
        queue.push({ op, done, failed });
        void work();
      }),
    async observe(op) {
      if (!looking) {
        const ops: Op[] = [];
        looking = { ops, answer: new Promise(setImmediate).then(() => look(ops)) };
      }
      const wave = looking;
      wave.ops.push(op);
      return observed(op, await wave.answer);
    },
    doctor: (checks) => persist(async () => check(checks, await known([]))),
  };

  /** One answer for all who asked in one tick; a second trip only for texts that neither state nor the probe has. */
  async function look(ops: Op[]): Promise<Facts> {
    looking = undefined;
    return persist(async () => {
      const now = await known(ops);
      const paths = [...new Set(unknownTexts(ops, now))];
      if (paths.length === 0) return now;
      const { answer } = await ask(textScript(paths), { step: "read files" });
      counts.probes++;
      const texts = new Map(now.texts);
      for (const [path, base64] of answer.get("text") ?? []) texts.set(path!, Buffer.from(base64 ?? "", "base64").toString("utf8"));
      const richer = { ...now, texts };
      facts = Promise.resolve(richer);
      return richer;
    });
  }
}

function problemOf({ status, subject, words }: Outcome): Problem & { words?: string } {
  const said = words || undefined;
  switch (status) {
    case "refused":
      return { cause: `${subject} would not accept its new configuration, and nothing of it was put in service`, words: said, mend: "Correct what its checker names." };
    case "unhealthy":
      return { cause: `${subject} did not stay up with its new configuration, and the previous files are back in service`, words: said, mend: "Correct what the daemon names." };
    case "packages":
      return { cause: `apt-get could not do its work for ${subject}`, words: said, mend: "Correct what apt-get names, or run it by hand on the master to see more." };
    case "digest":
      return { cause: `what arrived for ${subject} has another digest than its source`, file: subject, words: said, mend: "Try again; if it happens again, suspect the disk or the memory of one of the two machines." };
    default:
      return { cause: /No space left/.test(words) ? "the disk is full" : `the step "${subject}" failed`, words: said, mend: /No space left/.test(words) ? "Make room on the master." : "Correct what the words above name, and run up again." };
  }
}
