import { createHash } from "node:crypto";
import type { KindName } from "./state";

/**
 * Who owns what is written on the host, one small file per owner: first the URN, then `kind TAB key TAB digest`. Two stacks, or a rename whose
 * delete comes late, can so not undo each other. It is written before the content (with what is old and what is new) and again when what went is gone:
 * whatever is there of ours is recorded at every moment.
 */
export type Entry = string; // `kind TAB key`
export type OwnerRecord = ReadonlyMap<Entry, string>;

export const entry = (kind: KindName, key: string): Entry => `${kind}\t${key}`;

export function split(of: Entry): [KindName, string] {
  const tab = of.indexOf("\t");
  return [of.slice(0, tab) as KindName, of.slice(tab + 1)];
}

/** The name of the owner's file: URNs have characters and lengths that file names cannot have. */
export const fileOf = (owner: string): string => sha256(owner).slice(0, 32);

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export function render(owner: string, record: OwnerRecord): string {
  const rows = [...record].map(([of, digest]) => `${of}\t${digest}`).sort();
  return [`owner\t${owner}`, ...rows, ""].join("\n");
}

/** Stack and project of a URN; owners that are no URNs are a stack of their own. */
export function stackOf(owner: string): string {
  const urn = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(owner);
  return urn ? `stack ${urn[1]} of project ${urn[2]}` : owner;
}

/** `Type name` of a URN, for messages. */
export function nameOf(owner: string): string {
  const parts = owner.split("::");
  return owner.startsWith("urn:pulumi:") && parts.length >= 4 ? `"${parts.slice(3).join("::")}" (${stackOf(owner)})` : `"${owner}"`;
}

export const sameRecord = (a: OwnerRecord | undefined, b: OwnerRecord | undefined): boolean =>
  a?.size === b?.size && [...(a ?? [])].every(([of, digest]) => b!.get(of) === digest);
