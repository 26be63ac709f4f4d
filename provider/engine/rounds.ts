import { applyScript, outcomeOf, type Outcome, type Setting } from "./apply";
import { culprits } from "./culprits";
import type { Debts } from "./debts";
import { entriesOf } from "./entries";
import { EngineError } from "./errors";
import { factsAfter, type Answer, type Facts } from "./facts";
import type { Change } from "./kind";
import { kindOf } from "./kinds";
import type { Knowledge } from "./knowledge";
import { truth } from "./observe";
import { plan as planOf, type Plan } from "./plan";
import { missingBlobs, objections, uploadsOver } from "./preparation";
import { problemOf } from "./problems";
import { split, type Entry } from "./record";
import { isLost, type Session } from "./session";
import type { Op } from "./state";

export interface Result {
  changed: Change[];
  /** What was done, or why nothing was; and what the user should know. */
  why: string;
  /** What happened beside what was wanted, and the user should know. */
  notes: string[];
}

/** An operation that waits for its answer. */
export interface Waiting {
  op: Op;
  done: (result: Result) => void;
  failed: (error: unknown) => void;
  /** Its checks were asked, its blobs are on the host. */
  checked?: boolean;
  uploaded?: boolean;
}

export interface Rounds {
  readonly tally: Readonly<Tally>;
  /** How many operations wait for what they upload. */
  readonly uploading: number;
  /** Every one of the group is answered, or on its way to come back. */
  commit(group: readonly Waiting[]): Promise<void>;
}

export interface Tally {
  commits: number;
  /** Files, links, blobs and artifacts put in place or removed. */
  writes: number;
  reloads: number;
  /** Starts included. */
  restarts: number;
  uploads: number;
}

/** How often a plan may turn out to be void, by another's commit or by a lost connection, before it is given up. */
const ROUNDS = 6;

/** Groups of operations, each in rounds of plan, script and proof. `again` takes who has uploaded and comes back, or nobody where that failed; `debts` what is owed when a group is in service. */
export function roundsOver(session: Session, knowledge: Knowledge, setting: Setting, debts: Debts, again: (...back: Waiting[]) => void): Rounds {
  const tally = { commits: 0, writes: 0, reloads: 0, restarts: 0 };
  const uploads = uploadsOver(session);
  /** Who wanted which exclusive key in this process: a second one is refused, though the host would see a rename. */
  const taken = new Map<Entry, string>();
  let uploading = 0;
  /** How a script was lost whose answer never came. */
  let sent: Error | undefined;

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
    const now = await session.persist(() => knowledge.facts(waiting.map((w) => w.op), tell));
    const { host } = await session.transport();
    const plan = planOf(waiting.map((w) => w.op), now, taken);
    if (await thinOut(open, plan, now, host)) return false; // the plan is for fewer operations now

    if (plan.todo.length + plan.records.size + plan.debts.length === 0) {
      answer(open, plan, []);
      return false;
    }
    const script = applyScript(plan, now, setting);
    const reply = await deliver(script.text, tell, round < ROUNDS);
    if (!reply) return true;
    const outcome = outcomeOf(reply);
    tally.reloads += outcome.reloads.length;
    tally.restarts += outcome.restarts.length;
    if (outcome.status !== "ok") {
      knowledge.forget();
      if (outcome.status === "stale" && round < ROUNDS) return stale(outcome, open);
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
    knowledge.learn(after);
    prove(open, plan, after, host, outcome.notes);
    return false;
  }

  /** Nothing comes back of a script whose answer was lost, when it may be asked again. */
  async function deliver(script: string, onProgress: (line: string) => void, mayTryAgain: boolean): Promise<Answer | undefined> {
    try {
      const reply = await session.ask(script, { step: "apply", onProgress });
      sent = undefined;
      return reply;
    } catch (error) {
      // The script goes on to its end without us; the next round waits for its lock and sees what it did.
      if (isLost(error)) sent = error as Error;
      if (!mayTryAgain || !isLost(error)) throw error;
      return undefined;
    }
  }

  /** The host was not what the plan had seen. */
  function stale(outcome: Outcome, open: ReadonlySet<Waiting>): true {
    if (outcome.subject === "upload") {
      uploads.forget();
      open.forEach((w) => (w.uploaded = false));
    }
    return true;
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
      uploading++;
      const back = (...who: Waiting[]) => (uploading--, again(...who));
      uploads.send(w.op, missing).then(() => ((w.uploaded = true), back(w)), (error) => (w.failed(error), back()));
    }
    return open.size < before;
  }

  /** Something was refused: whoever is at fault fails alone, and the others go on without. */
  async function divide(waiting: Waiting[], plan: Plan, outcome: Outcome, host: string): Promise<void> {
    const guilty = culprits(waiting.map((w) => w.op), plan, outcome);
    if (guilty === "all") {
      // What failed is to be said even where the host cannot be asked any more what of it is true.
      const after = await knowledge.facts([]).catch((error: unknown) => error as Error);
      const problem = problemOf(outcome);
      for (const w of waiting) {
        if (after instanceof Error) w.failed(new EngineError({ ...problem, words: [problem.words, `What of it is in place could not be asked: ${after.message}`].filter(Boolean).join("\n"), label: w.op.label, host }));
        else w.failed(new EngineError({ ...problem, label: w.op.label, host, partial: truth(w.op, after) }));
      }
    } else if (guilty === "unknown") {
      const half = Math.ceil(waiting.length / 2);
      await commit(waiting.slice(0, half));
      await commit(waiting.slice(half));
    } else {
      await commit(waiting.filter((w) => !guilty.has(w.op)));
      const those = waiting.filter((w) => guilty.has(w.op));
      if (outcome.status === "foreign") await commit(those);
      else for (const w of those) await commit([w]); // alone, for words of its own
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
    for (const { op, done, failed } of open) {
      const wanted = new Set(entriesOf(op.want).map(([of]) => of));
      for (const of of plan.given.get(op) ?? []) if (taken.get(of) === op.owner) taken.delete(of);
      for (const of of wanted) if (!kindOf(split(of)[0]).shared) taken.set(of, op.owner);
      const changed = plan.changes.get(op)!;
      const all = (more: readonly string[]) => done({ changed, why: [plan.idle.get(op) ?? `${changed.length} changed`, ...notes, ...more].join("; "), notes: [...notes, ...more] });
      const keys = plan.owed.get(op)!;
      if (keys.length) debts.add({ op, keys, paid: all, failed });
      else all([]);
    }
    open.clear();
  }

  return {
    get tally() {
      return { ...tally, uploads: uploads.started };
    },
    get uploading() {
      return uploading;
    },
    commit,
  };
}
