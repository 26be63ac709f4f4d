import { entriesOf } from "./entries";
import { seenOf, type Facts } from "./facts";
import { kindOf } from "./kinds";
import { nameOf, split } from "./record";
import type { HostState, Op } from "./state";

export interface Observed {
  /** What is really there under the keys that state names: file texts as they are; what is absent is missing. */
  state: HostState;
  /** Nothing of it is there, and something was to be. */
  absent: boolean;
  /** Keys that somebody else owns by now, in words. */
  foreign: string[];
}

/** Files that are there with a text that neither state nor the probe has: their text must be asked for. */
export function unknownTexts(ops: readonly Op[], facts: Facts): string[] {
  const files = kindOf("files");
  return ops.flatMap((op) =>
    Object.entries(op.want?.files ?? {})
      .filter(([path]) => facts.owners.get(op.owner)?.has(`files\t${path}`))
      .filter(([path, want]) => {
        const seen = seenOf(facts, files, path) as { type: string } | undefined;
        return seen?.type === "f" && files.observed(seen, want, facts.texts.get(path)) === undefined;
      })
      .map(([path]) => path),
  );
}

/**
 * What is there of a resource. A key counts only while its record says that it is this owner's: what somebody else has taken over, or a host
 * that was built anew, is absent and not drift.
 */
export function observed(op: Op, facts: Facts): Observed {
  const state: { [kind: string]: Record<string, unknown> } = {};
  const record = facts.owners.get(op.owner);
  const foreign: string[] = [];
  let found = false;
  for (const [of, want] of entriesOf(op.want)) {
    const [name, key] = split(of);
    state[name] ??= {};
    if (!record?.has(of)) {
      for (const other of facts.holders.get(of) ?? []) if (other !== op.owner) foreign.push(`${key} belongs to ${nameOf(other)}`);
      continue;
    }
    const kind = kindOf(name);
    const seen = name === "claims" ? {} : seenOf(facts, kind, key);
    const spec = seen === undefined ? undefined : kind.observed(seen, want as never, facts.texts.get(key));
    if (seen !== undefined) found = true;
    if (spec !== undefined) state[name]![key] = spec;
  }
  return { state: state as HostState, absent: !found && entriesOf(op.want).length > 0, foreign };
}

/** What of a wish is true: for an operation that did not come to its end. */
export function truth(op: Op, facts: Facts): HostState {
  const state: { [kind: string]: Record<string, unknown> } = {};
  for (const [of, want] of entriesOf(op.want)) {
    const [name, key] = split(of);
    if (!facts.owners.get(op.owner)?.has(of)) continue;
    const kind = kindOf(name);
    if (!kind.diff(want as never, seenOf(facts, kind, key), key)) (state[name] ??= {})[key] = want;
  }
  return state as HostState;
}
