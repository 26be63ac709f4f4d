import { entriesOf } from "./entries";
import { EngineError } from "./errors";
import { factsFrom, textsIn, type Facts } from "./facts";
import { kindOf } from "./kinds";
import { unknownTexts } from "./observe";
import { probeScript, textScript } from "./probe";
import { lockedBy } from "./problems";
import { split, type Entry } from "./record";
import type { Session } from "./session";
import type { Op } from "./state";

/** What is known of one master: asked for once, kept until something may have changed it. */
export interface Knowledge {
  readonly probes: number;
  /** The first who asks also asks about what it is going to want; so does who wants content that nobody has asked about. */
  facts(wanted: readonly Op[], onProgress?: (line: string) => void): Promise<Facts>;
  /** As `facts`, with the texts of files that differ. All who ask in one tick share one answer. */
  look(op: Op): Promise<Facts>;
  /** What the end of a commit said. */
  learn(facts: Facts): void;
  forget(): void;
}

const entriesIn = (wanted: readonly Op[]): Entry[] => wanted.flatMap((op) => entriesOf(op.want).map(([of]) => of));

export function knowledgeOver(session: Session): Knowledge {
  let probes = 0;
  let current: Promise<Facts> | undefined;
  /** What the present facts were asked about beside what is recorded. */
  let asked = new Set<Entry>();
  let wave: { ops: Op[]; answer: Promise<Facts> } | undefined;

  async function probe(wanted: readonly Op[], onProgress?: (line: string) => void): Promise<Facts> {
    asked = new Set(entriesIn(wanted));
    const answer = await session.ask(probeScript([...asked]), { step: "probe", onProgress });
    probes++;
    const locked = answer.get("locked")?.[0];
    if (locked) throw new EngineError({ ...lockedBy(locked.join(" ")), label: "the master", host: (await session.transport()).host });
    return factsFrom(answer);
  }

  /** Retained content is nobody's, and there: it is not brought again. Anything else that was not asked about is found out by the commit. */
  async function retained(wanted: readonly Op[]): Promise<boolean> {
    const open = entriesIn(wanted).filter((of) => kindOf(split(of)[0]).content && !asked.has(of));
    const now = open.length > 0 && (await current?.catch(() => undefined));
    return now ? open.some((of) => !now.holders.has(of)) : false;
  }

  async function facts(wanted: readonly Op[], onProgress?: (line: string) => void): Promise<Facts> {
    if (current && (await retained(wanted))) current = undefined;
    if (!current) {
      const probing = probe(wanted, onProgress);
      current = probing;
      probing.catch(() => current === probing && (current = undefined));
    }
    return current;
  }

  /** A second trip only for texts that neither state nor the probe has. */
  async function read(ops: Op[]): Promise<Facts> {
    wave = undefined;
    return session.persist(async () => {
      const now = await facts(ops);
      const paths = [...new Set(unknownTexts(ops, now))];
      if (paths.length === 0) return now;
      const richer = { ...now, texts: new Map([...now.texts, ...textsIn(await session.ask(textScript(paths), { step: "read files" }))]) };
      probes++;
      current = Promise.resolve(richer);
      return richer;
    });
  }

  return {
    get probes() {
      return probes;
    },
    facts,
    look(op) {
      if (!wave) {
        const ops: Op[] = [];
        wave = { ops, answer: new Promise(setImmediate).then(() => read(ops)) };
      }
      wave.ops.push(op);
      return wave.answer;
    },
    learn(facts) {
      current = Promise.resolve(facts);
    },
    forget() {
      current = undefined;
    },
  };
}
