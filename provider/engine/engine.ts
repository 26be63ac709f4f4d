import { hostname, userInfo } from "node:os";
import type { Transport } from "../ssh/transport";
import type { Finding } from "./checks";
import { companyOf } from "./company";
import { debtsOver } from "./debts";
import { knowledgeOver } from "./knowledge";
import { observed, type Observed } from "./observe";
import { ask } from "./preparation";
import { roundsOver, type Result, type Tally, type Waiting } from "./rounds";
import { sessionOf } from "./session";
import type { Check, Op } from "./state";

/** What the engine has done so far; the benchmark and the tests read these. */
export interface EngineCounts extends Tally {
  probes: number;
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
  /** Asks the host what an `up` would ask before its first write, and whatever else. Writes nothing. */
  doctor(checks: readonly Check[]): Promise<Finding[]>;
  /** Forgets what was seen, so that the next question goes to the host. */
  forget(): void;
  readonly counts: Readonly<EngineCounts>;
}

const engines = new Map<string, Engine>();

/** The engine of a master: one in a process, whatever the number of resources. */
export function engineFor(id: string, connect: () => Promise<Transport>, options: EngineOptions = {}): Engine {
  let engine = engines.get(id);
  if (!engine) engines.set(id, (engine = createEngine(connect, options)));
  return engine;
}

export function createEngine(connect: () => Promise<Transport>, options: EngineOptions = {}): Engine {
  const setting = { who: options.who ?? `${userInfo().username}@${hostname()}, process ${process.pid}`, patience: options.patience ?? 1800, watch: options.watch ?? 0.5 };
  const session = sessionOf(connect, () => knowledge.forget());
  const knowledge = knowledgeOver(session);
  const debts = debtsOver(session);
  const rounds = roundsOver(session, knowledge, setting, debts, enqueue);
  const company = companyOf();
  let queue: Waiting[] = [];
  let running = false;

  function enqueue(...more: Waiting[]): void {
    queue.push(...more);
    void work();
  }

  /** Takes all that waits, again and again. What arrived in one tick goes together. */
  async function work(): Promise<void> {
    if (running) return;
    running = true;
    await new Promise(setImmediate);
    while (queue.length > 0) {
      await company.gather(() => queue.length);
      const group = queue;
      queue = [];
      await company.during(rounds.commit(group));
    }
    running = false;
    // What comes when all is in service waits for all that is on its way there.
    void debts.pay(() => !running && rounds.uploading === 0);
  }

  return {
    get counts() {
      return { probes: knowledge.probes, ...rounds.tally };
    },
    forget: knowledge.forget,
    reconcile: (op) => company.member(new Promise<Result>((done, failed) => enqueue({ op, done, failed }))),
    observe: async (op) => observed(op, await knowledge.look(op)),
    doctor: (checks) => session.persist(async () => ask(session, checks, await knowledge.facts([]))),
  };
}
