import { entriesOf } from "./entries";
import { EngineError } from "./errors";
import { factsFrom, factsWith, textsIn, type Facts } from "./facts";
import { unknownTexts } from "./observe";
import { folder, parents } from "./paths";
import { keysScript, probeScript, textScript } from "./probe";
import { lockedBy } from "./problems";
import { entry, split, type Entry } from "./record";
import type { Session } from "./session";
import type { Op } from "./state";

/** What is known of one master: asked for once, kept until something may have changed it. */
export interface Knowledge {
  readonly probes: number;
  /** The first who asks also asks about what it is going to want; what is uploaded is asked about by whoever comes with it. */
  facts(wanted: readonly Op[], onProgress?: (line: string) => void): Promise<Facts>;
  /** As `facts`, with the texts of files that differ. All who ask in one tick share one answer. */
  look(op: Op): Promise<Facts>;
  /** What the end of a commit said. */
  learn(facts: Facts): void;
  forget(): void;
}

/**
 * What would be uploaded although it may be there: retained content is nobody's. In a directory that we made, another is ours as well or is not there.
 * Anything else that was not asked about is found out by the commit.
 */
function hidden(wanted: readonly Op[], now: Facts): Entry[] {
  const brought = wanted.flatMap(({ want, builds }) => [
    ...Object.keys(want?.blobs ?? {}).map((path) => entry("blobs", path)),
    ...Object.keys(want?.artifacts ?? {}).flatMap((path) => (builds?.[path]?.uploads?.length ? [entry("artifacts", path)] : [])),
  ]);
  const mayBe = (path: string) => now.created.has(folder(path)) || !parents(path).some((dir) => now.created.has(dir));
  return [...new Set(brought)].filter((of) => !now.asked.has(of) && !now.holders.has(of) && !now.seen.has(of) && mayBe(split(of)[1]));
}

export function knowledgeOver(session: Session): Knowledge {
  let probes = 0;
  let current: Promise<Facts> | undefined;
  let wave: { ops: Op[]; answer: Promise<Facts> } | undefined;

  async function probe(wanted: readonly Op[], onProgress?: (line: string) => void): Promise<Facts> {
    const asked = [...new Set(wanted.flatMap((op) => entriesOf(op.want).map(([of]) => of)))];
    const answer = await session.ask(probeScript(asked), { step: "probe", onProgress });
    probes++;
    const locked = answer.get("locked")?.[0];
    if (locked) throw new EngineError({ ...lockedBy(locked.join(" ")), label: "the master", host: (await session.transport()).host });
    return factsFrom(answer, asked);
  }

  async function facts(wanted: readonly Op[], onProgress?: (line: string) => void): Promise<Facts> {
    const known = current;
    if (!known) {
      const probing = probe(wanted, onProgress);
      current = probing;
      probing.catch(() => current === probing && (current = undefined));
      return probing;
    }
    const now = await known;
    const open = hidden(wanted, now);
    if (open.length === 0) return now;
    const richer = factsWith(now, await session.ask(keysScript(open), { step: "probe", onProgress }), open);
    probes++;
    if (current === known) current = Promise.resolve(richer);
    return richer;
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
