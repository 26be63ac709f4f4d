import type { Sh } from "./sh";
import type { Build, KindName, Problem, SpecOf } from "./state";

/** One difference between what is wanted and what is there. `why` drives messages and is derived from the same data as the action. */
export interface Change {
  kind: KindName;
  /** What the kind's map is keyed by: a path, a package, a unit. */
  key: string;
  op: "add" | "change" | "remove";
  why: string;
}

/** A change with what its script needs to know. `owner` answers for it. */
export interface Todo<Spec = any, Seen = any> extends Change {
  owner: string;
  want?: Spec;
  seen?: Seen;
}

/**
 * What a kind contributes to the one apply script, by phase. All of `prepare` runs before all of `stage`, and so on; within a phase
 * the kinds come in the registry's order, reversed for the phases that take away.
 */
export interface Steps {
  /** What staged content needs: packages, directories. Harmless where a later phase refuses. */
  prepare?: Sh[];
  /** Puts new content beside its place, on the same file system. */
  stage?: Sh[];
  /** Builds the new LIVE set in `$G`. */
  live?: Sh[];
  /** Renames staged content that no daemon parses into its place. */
  place?: Sh[];
  /** Ends services that go, before their files do. */
  stop?: Sh[];
  /** Renames and removes what daemons parse and what is outside LIVE. */
  swap?: Sh[];
  /** Takes `swap` back. */
  undo?: Sh[];
  /** What is offered only when all else is in service. */
  offer?: Sh[];
  /** Removes content that nothing names any more. */
  retire?: Sh[];
}

/** What the kinds' scripts need to know of the whole commit. */
export interface Setting {
  /** Does a daemon parse what is at this path? Such files are swapped together and can be put back. */
  watched(path: string): boolean;
  /** How an artifact is made. */
  build(path: string): Build | undefined;
}

/** Four pure functions over one sort of host state. */
export interface Kind<K extends KindName = KindName, Seen = any> {
  readonly name: K;
  /** What its keys are: that decides how they are checked, and a path can be another kind of thing another time. */
  readonly keys: "path" | "package" | "unit" | "name";
  /** Can it be kept when its resource goes (`retainOnDelete`)? */
  readonly content?: true;
  /** May several owners have one key? Then it goes with the last of them. */
  readonly shared: boolean;
  /** Is what it prints a plain function of what was written? Then an apply compares it with what the plan saw. */
  readonly stable: boolean;
  /** Shell functions that its script calls, for commits that touch it. */
  readonly library?: Sh;
  /**
   * The body of a shell function: finds keys, one a line, in `$k`, which is not empty; prints `name TAB key TAB field…` for each that is there and
   * nothing for one that is not. One process for all keys wherever the tools allow it.
   */
  readonly probe: Sh;
  parse(fields: string[]): Seen;
  /** Does it say of itself that we made it? Else only an owner's record does. */
  ours?(seen: Seen): boolean;
  /** What the owner's record says of the spec: short, without tab or newline, equal for equal specs. */
  digest(want: SpecOf<K>): string;
  /** The directory of a key: what we made there stays with the key, empty or not. */
  directory?(key: string): string;
  /** Does the owner's record say that it stays when nobody declares it any more? It is nobody's then. */
  retained?(digest: string): boolean;
  /** What another stack may not have beside this key, though it is not the same. */
  excludes?(key: string): ((other: string) => boolean) | undefined;
  /** Why this may not be done at all, whatever else is wanted. */
  refuses?(want: SpecOf<K>, seen: Seen | undefined, key: string): Problem | undefined;
  /** Is there something to be done that is not the commit's, but comes when all of it is in service? The difference is then what the commit notes of it. */
  owes?(want: SpecOf<K>, seen: Seen | undefined): boolean;
  /** Why something must be done, in words; nothing when what is there is what is wanted. */
  diff(want: SpecOf<K> | undefined, seen: Seen | undefined, key: string): string | undefined;
  /** What is really there, as a spec; `want` is what state says and helps where only a digest is known. */
  observed(seen: Seen, want: SpecOf<K>, text: string | undefined): SpecOf<K> | undefined;
  script(todo: Todo<SpecOf<K>, Seen>[], setting: Setting): Steps;
}
