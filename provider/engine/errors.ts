import type { HostState } from "./state";

export interface Trouble {
  /** Whose operation: `Machine "desk-02"`. */
  label: string;
  host: string;
  /** The file on the master, or the local file, that it is about. */
  file?: string;
  /** What is wrong, in one sentence without a full stop; for a daemon's refusal, its own words follow in `words`. */
  cause: string;
  words?: string;
  /** What to do about it, in one sentence. */
  mend?: string;
  /** What of the wish is true now, if that is known; an empty state when nothing of it was applied. */
  partial?: HostState;
}

/** Something that a user can act on. The message says whose, where, what, and the mend. */
export class EngineError extends Error implements Trouble {
  readonly label: string;
  readonly host: string;
  readonly file?: string;
  override readonly cause: string;
  readonly words?: string;
  readonly mend?: string;
  readonly partial?: HostState;

  constructor(trouble: Trouble) {
    const { label, host, cause, words, mend } = trouble;
    super([`${label} on ${host}: ${cause}.`, ...(words ? [indent(words)] : []), ...(mend ? [mend] : [])].join("\n"));
    this.name = "EngineError";
    this.label = label;
    this.host = host;
    this.file = trouble.file;
    this.cause = cause;
    this.words = words;
    this.mend = mend;
    this.partial = trouble.partial;
  }
}

const indent = (words: string): string => words.trimEnd().split("\n").map((line) => `  ${line}`).join("\n");
