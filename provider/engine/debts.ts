import { EngineError } from "./errors";
import type { Session } from "./session";
import { redacted, secretsOf, slowest, switchedIn, switchScript, verbFor, wayOf, type Job, type Switched } from "./switching";
import type { Op } from "./state";

/** Machines of one operation that are to be switched now that what they boot is in service. */
export interface Debt {
  op: Op;
  keys: readonly string[];
  /** With what the user should know. */
  paid: (notes: readonly string[]) => void;
  failed: (error: unknown) => void;
}

export interface Debts {
  add(debt: Debt): void;
  /** Pays all that is owed, again and again, as long as it may; says nothing: each debt has its own answer. */
  pay(may: () => boolean): Promise<void>;
}

/** Debts of one master. They are paid by scripts beside the commits, which need not wait for a machine or its BMC. */
export function debtsOver(session: Session): Debts {
  let open: Debt[] = [];
  let paying = false;

  async function settle(group: readonly Debt[]): Promise<void> {
    const jobs = new Map(group.map((debt) => [debt, debt.keys.map((key) => jobOf(debt.op, key))]));
    const all = [...jobs.values()].flat();
    const secrets = all.flatMap(({ way }) => secretsOf(way));
    const tell = (line: string) => concerned(jobs, line).forEach(({ op }) => op.status?.(redacted(line, secrets)));
    try {
      // Should the connection be lost, the next try waits for the first to end, and finds in its notes what it did.
      const script = switchScript(all, slowest(all));
      const answer = await session.persist(() => session.ask(script, { step: "power", onProgress: tell }));
      const { host } = await session.transport();
      for (const [debt, own] of jobs) close(debt, own, switchedIn(answer, own), host);
    } catch (error) {
      group.forEach(({ failed }) => failed(error));
    }
  }

  return {
    add: (debt) => void open.push(debt),
    async pay(may) {
      if (paying) return;
      paying = true;
      while (open.length > 0 && may()) {
        const group = open;
        open = [];
        await settle(group);
      }
      paying = false;
    },
  };
}

/** A line that begins with a machine's name is for its resource, any other for all. */
function concerned(jobs: ReadonlyMap<Debt, readonly Job[]>, line: string): Debt[] {
  const all = [...jobs.keys()];
  const owners = all.filter((debt) => jobs.get(debt)!.some(({ way }) => line.startsWith(`${way.machine}: `)));
  return owners.length ? owners : all;
}

function jobOf({ want, switches }: Op, key: string): Job {
  const { boots, onChange } = want!.powers![key]!;
  return { key, verb: verbFor(onChange), way: switches![key]!, boots };
}

/** All of it was configured all right: state keeps that, and the next run tries again what the note says is still owed. */
function close({ op, paid, failed }: Debt, jobs: readonly Job[], results: readonly Switched[], host: string): void {
  const lines = jobs.flatMap(({ way }, i) => (results[i]!.outcome === "done" ? [] : [{ ...results[i]!, line: `${way.machine} (${wayOf(way)}): ${results[i]!.words}` }]));
  const faults = lines.filter(({ outcome }) => outcome === "failed").map(({ line }) => line);
  if (!faults.length) return paid(lines.map(({ line }) => line));
  failed(
    new EngineError({
      label: op.label, host, cause: `what ${jobs.length === 1 ? "it boots is" : "they boot is"} in service, and ${faults.length === 1 ? "one machine" : `${faults.length} machines`} could not be switched`,
      words: faults.join("\n"), mend: "Mend what the words name, and run up again: what is done is not done twice.", partial: op.want,
    }),
  );
}
