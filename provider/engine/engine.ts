import { hostname, userInfo } from "node:os";
import type { Transport } from "../ssh/transport";
import { applyScript, outcomeOf, type Outcome } from "./apply";
import type { Finding } from "./checks";
import { culprits } from "./culprits";
import { EngineError } from "./errors";
import { factsAfter, factsFrom, textsIn, type Answer, type Facts } from "./facts";
import type { Change } from "./kind";
import { kindOf } from "./kinds";
import { observed, truth, unknownTexts, type Observed } from "./observe";
import { entriesOf, plan as planOf, type Plan } from "./plan";
import { ask, missingBlobs, objections, uploadsOver } from "./preparation";
import { probeScript, textScript } from "./probe";
import { problemOf } from "./problems";
import { split, type Entry } from "./record";
import { isLost, sessionOf } from "./session";
import type { Check, Op } from "./state";

export interface Result {
  changed: Change[];
  /** What was done, or why nothing was; and what the user should know. */
  why: string;
  /** What happened beside what was wanted, and the user should know. */
  notes: string[];
}

/** What the engine has done so far; the benchmark and the tests read these. */
export interface EngineCounts {
  probes: number;
  commits: number;
  /** Files, links, blobs and artifacts put in place or removed. */
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
  /** Seconds to watch a service after its start; a tenth of it after a reload. Default 0.5. */
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
  /** Its checks were asked, its blobs are on the host. */
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

/** How often a plan may turn out to be void, by another's commit or by a lost connection, before it is given up. */
const ROUNDS = 6;

export function createEngine(connect: () => Promise<Transport>, options: EngineOptions = {}): Engine {
  const setting = { who: options.who ?? `${userInfo().username}@${hostname()}, process ${process.pid}`, patience: options.patience ?? 1800, watch: options.watch ?? 0.5 };
  const tally = { probes: 0, commits: 0, writes: 0, reloads: 0, restarts: 0 };
  const session = sessionOf(connect, () => (facts = undefined));
  const uploads = uploadsOver(session);
  /** Who wanted which exclusive key in this process: a second one is refused, though the host would see a rename. */
  const taken = new Map<Entry, string>();
  let facts: Promise<Facts> | undefined;
  let queue: Waiting[] = [];
  let running = false;
  /** How a script was lost whose answer never came. */
  let sent: Error | undefined;
  let wave: { ops: Op[]; answer: Promise<Facts> } | undefined;

  /** What is known of the host; the first who asks also asks about what it is going to want. */
  function known(wanted: readonly Op[], onProgress?: (line: string) => void): Promise<Facts> {
    if (!facts) {
      const entries = [...new Set(wanted.flatMap((op) => entriesOf(op.want).map(([of]) => of)))];
      const probing = session.ask(probeScript(entries), { step: "probe", onProgress }).then(async (answer) => {
        tally.probes++;
        const locked = answer.get("locked")?.[0];
        if (locked) throw new EngineError({ ...problemOf(plainOutcome("locked", locked.join(" "))), label: "the master", host: (await session.transport()).host });
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

  /** Every one of the group is answered, or on its way to come back. */
  async function commit(group: readonly Waiting[]): Promise<void> {
    const open = new Set(group);
    sent = undefined;
    try {
      for (let round = 1; open.size > 0; ) if (await attempt(open, round)) round++;
    } catch (error) {
      // Once a script was on its way, a later "cannot connect" does not mean that nothing was done.
      const lost = sent as Error | undefined;
      if (lost && lost !== error) lost.message += `; then ${(error as Error).message}`;
      open.forEach((w) => w.failed(lost ?? error));
    }
  }

  /** One round over those still open. Says whether the plan was void, so that the same ones must be planned anew. */
  async function attempt(open: Set<Waiting>, round: number): Promise<boolean> {
    const waiting = [...open];
    const tell = (text: string) => waiting.forEach((w) => w.op.status?.(text));
    const now = await session.persist(() => known(waiting.map((w) => w.op), tell));
    const { host } = await session.transport();
    const plan = planOf(waiting.map((w) => w.op), now, taken);
    if (await thinOut(open, plan, now, host)) return false; // the plan is for fewer operations now

    if (plan.todo.length + plan.records.size + plan.debts.length === 0) {
      answer(open, plan, []);
      return false;
    }
    const script = applyScript(plan, now, setting);
    let reply: Answer;
    try {
      reply = await session.ask(script.text, { step: "apply", onProgress: tell });
    } catch (error) {
      // The script goes on to its end without us; the next round waits for its lock and sees what it did.
      if (isLost(error)) sent = error as Error;
      if (round >= ROUNDS || !isLost(error)) throw error;
      return true;
    }
    sent = undefined;
    const outcome = outcomeOf(reply);
    tally.reloads += outcome.reloads.length;
    tally.restarts += outcome.restarts.length;
    if (outcome.status !== "ok") {
      facts = undefined;
      if (outcome.status === "stale" && round < ROUNDS) {
        if (outcome.subject === "upload") {
          uploads.forget();
          open.forEach((w) => (w.uploaded = false));
        }
        return true;
      }
      if (outcome.status === "stale" || outcome.status === "locked") throw new EngineError({ ...problemOf(outcome), label: waiting[0]!.op.label, host });
      tally.commits++;
      open.clear();
      await divide(waiting, plan, outcome, host);
      return false;
    }
    tally.commits++;
    tally.writes += plan.todo.filter((t) => ["files", "links", "blobs", "artifacts"].includes(t.kind)).length;
    for (const w of open) for (const { sha256 } of missingBlobs(w.op, plan)) uploads.forget(sha256); // used, and gone from where it waited
    const after = factsAfter(now, reply, script.touched, script.owners);
    facts = Promise.resolve(after);
    prove(open, plan, after, host, outcome.notes);
    return false;
  }

  /** Takes out who may not go on, and who must upload first and comes back by itself. Says whether anybody was. */
  async function thinOut(open: Set<Waiting>, plan: Plan, now: Facts, host: string): Promise<boolean> {
    const before = open.size;
    const out = (w: Waiting, error: unknown) => (open.delete(w), w.failed(error));
    for (const w of open) {
      const problem = plan.refused.get(w.op);
      if (problem) out(w, new EngineError({ ...problem, label: w.op.label, host, partial: truth(w.op, now) }));
    }
    const asking = [...open].filter((w) => !w.checked && plan.changes.get(w.op)!.length > 0);
    const objected = await objections(asking.map((w) => w.op), session, now, host);
    for (const w of asking) {
      w.checked = true;
      if (objected.has(w.op)) out(w, objected.get(w.op));
    }
    for (const w of open) {
      const missing = w.uploaded ? [] : missingBlobs(w.op, plan);
      if (missing.length === 0) continue;
      open.delete(w); // others need not wait for it
      uploads.send(w.op, missing).then(() => {
        w.uploaded = true;
        enqueue(w);
      }, w.failed);
    }
    return open.size < before;
  }

  /** Something was refused: whoever is at fault fails alone, and the others go on without. */
  async function divide(waiting: Waiting[], plan: Plan, outcome: Outcome, host: string): Promise<void> {
    const guilty = culprits(waiting.map((w) => w.op), plan, outcome);
    if (guilty === "all") {
      const after = await known([]).catch(() => undefined);
      for (const w of waiting) w.failed(new EngineError({ ...problemOf(outcome), label: w.op.label, host, partial: after && truth(w.op, after) }));
    } else if (guilty === "unknown") {
      const half = Math.ceil(waiting.length / 2);
      await commit(waiting.slice(0, half));
      await commit(waiting.slice(half));
    } else {
      await commit(waiting.filter((w) => !guilty.has(w.op)));
      for (const w of waiting.filter((w) => guilty.has(w.op))) await commit([w]); // alone, for words of its own
    }
  }

  /** Success means that a plan computed now is empty. */
  function prove(open: Set<Waiting>, plan: Plan, after: Facts, host: string, notes: string[]): void {
    const left = planOf([...open].map((w) => w.op), after, taken);
    for (const w of open) {
      const words = (left.changes.get(w.op) ?? []).map((change) => `${change.key}: ${change.why}`).join("\n");
      if (!words) continue;
      open.delete(w);
      w.failed(new EngineError({ label: w.op.label, host, cause: "it was applied, and it is still not as wanted", words, mend: "Something on the master undoes it: find out what, and try again.", partial: truth(w.op, after) }));
    }
    answer(open, plan, notes);
  }

  function answer(open: Set<Waiting>, plan: Plan, notes: string[]): void {
    for (const { op, done } of open) {
      const wanted = new Set(entriesOf(op.want).map(([of]) => of));
      for (const of of plan.given.get(op) ?? []) if (taken.get(of) === op.owner) taken.delete(of);
      for (const of of wanted) if (!kindOf(split(of)[0]).shared) taken.set(of, op.owner);
      const changed = plan.changes.get(op)!;
      done({ changed, why: [plan.idle.get(op) ?? `${changed.length} changed`, ...notes].join("; "), notes });
    }
    open.clear();
  }

  function enqueue(w: Waiting): void {
    queue.push(w);
    void work();
  }

  /** One answer for all who asked in one tick; a second trip only for texts that neither state nor the probe has. */
  async function look(ops: Op[]): Promise<Facts> {
    wave = undefined;
    return session.persist(async () => {
      const now = await known(ops);
      const paths = [...new Set(unknownTexts(ops, now))];
      if (paths.length === 0) return now;
      const richer = { ...now, texts: new Map([...now.texts, ...textsIn(await session.ask(textScript(paths), { step: "read files" }))]) };
      tally.probes++;
      facts = Promise.resolve(richer);
      return richer;
    });
  }

  return {
    get counts() {
      return { ...tally, uploads: uploads.started };
    },
    forget: () => (facts = undefined),
    reconcile: (op) => new Promise<Result>((done, failed) => enqueue({ op, done, failed })),
    async observe(op) {
      if (!wave) {
        const ops: Op[] = [];
        wave = { ops, answer: new Promise(setImmediate).then(() => look(ops)) };
      }
      const { ops, answer } = wave;
      ops.push(op);
      return observed(op, await answer);
    },
    doctor: (checks) => session.persist(async () => ask(session, checks, await known([]))),
  };
}

const plainOutcome = (status: Outcome["status"], subject: string): Outcome => ({ status, subject, words: "", notes: [], restarts: [], reloads: [] });
