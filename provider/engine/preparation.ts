import { applying, checkScript, findingsOf } from "./checks/ask";
import type { Finding } from "./checks";
import { EngineError } from "./errors";
import type { Facts } from "./facts";
import type { Plan } from "./plan";
import { isLost, type Session } from "./session";
import type { Check, Op, Upload } from "./state";
import { uploadBlocks, type Block } from "./blocks";
import { upload } from "./upload";

/** Asks the host. Nothing is written. */
export async function ask(session: Session, checks: readonly Check[], facts: Facts): Promise<Finding[]> {
  const open = applying(checks, facts);
  const from = Date.now();
  const answer = await session.ask(checkScript(open), { step: "checks" });
  return findingsOf(open, answer, facts, { from, to: Date.now() });
}

/** Those of the operations that may not begin, and why: one trip for all that carry checks and would change something. */
export async function objections(ops: readonly Op[], session: Session, facts: Facts, host: string): Promise<Map<Op, EngineError>> {
  const found = new Map<Op, EngineError>();
  const asking = ops.filter((op) => op.checks?.length);
  if (asking.length === 0) return found;
  const findings = await session.persist(() => ask(session, asking.flatMap((op) => op.checks!), facts));
  for (const op of asking) {
    const [first, ...more] = findings.filter(({ ok, check }) => !ok && op.checks!.includes(check));
    if (!first) continue;
    const words = more.map((finding) => [finding.what, finding.mend].filter(Boolean).join(". ")).join("\n") || undefined;
    found.set(op, new EngineError({ label: op.label, host, cause: first.what, words, mend: first.mend, partial: {} }));
  }
  return found;
}

/** What an operation must upload before it can be committed. */
export const missingBlobs = (op: Op, plan: Plan): Upload[] =>
  plan.todo
    .filter((t) => t.op !== "remove" && t.owner === op.owner)
    .flatMap((t) => (t.kind === "blobs" ? [t.want as Upload] : t.kind === "artifacts" ? (op.builds?.[t.key]?.uploads ?? []) : []));

/** Uploads by digest: who needs the same bytes waits for the same upload. */
export interface Uploads {
  readonly started: number;
  send(op: Op, blobs: readonly Upload[]): Promise<void>;
  /** What waited on the host has been used, or is gone. */
  forget(sha256?: string): void;
}

const TRIES = 3;

export function uploadsOver(session: Session): Uploads {
  const sending = new Map<string, Promise<void>>();
  const known = new Map<string, Block[]>();

  /** Tried again as often as a try brings more than the one before: what is long on its way may lose its connection often. */
  async function bring(op: Op, one: Upload): Promise<void> {
    let most = 0;
    for (let left = TRIES; ; ) {
      const reached = (there: number) => there > most && ((most = there), (left = TRIES));
      try {
        const line = { host: (await session.transport()).host, send: session.send };
        return await (one.blocks === undefined ? upload(op, one, line, reached) : uploadBlocks(op, one, known, line, reached));
      } catch (error) {
        if (!isLost(error) || --left === 0) throw error;
      }
    }
  }
  let started = 0;
  return {
    get started() {
      return started;
    },
    async send(op, blobs) {
      for (const blob of blobs) {
        const { sha256 } = blob;
        let one = sending.get(sha256);
        if (!one) {
          started++;
          one = bring(op, blob);
          sending.set(sha256, one);
          one.catch(() => sending.delete(sha256));
        }
        await one;
      }
    },
    forget: (sha256) => (sha256 === undefined ? sending.clear() : void sending.delete(sha256)),
  };
}
