import type { Kind } from "../kind";
import { base, folder, groupBy } from "../paths";
import { sh } from "../sh";

interface Seen {
  type: string;
  mode: string;
  size: number;
  mtime: number;
}

/**
 * A verified blob gets a modification time made from its digest. So a probe tells "it is the one we verified" from two numbers, without hashing
 * gigabytes and without a record that could be lost; and every master serves the same bytes under the same ETag and Last-Modified.
 */
export const mtimeOf = (sha256: string): number => 1_000_000_000 + parseInt(sha256.slice(0, 7), 16);

/** Where an upload waits for the commit that verifies it. */
export const INCOMING = "/var/lib/netboot/incoming";

/** Large content, uploaded before the commit (see upload.ts). Its path names its digest, so several owners may share one. */
export const blobs: Kind<"blobs", Seen> = {
  name: "blobs",
  keys: "path",
  content: true,
  shared: true,
  stable: true,
  probe: sh`
printf '%s\n' "$k" | xargs -d '\n' sh -c 'find "$@" -maxdepth 0 -printf "%p\t%y\t%m\t%s\t%T@\n"' sh 2>/dev/null |
awk -F'\t' '{ sub(/\..*/, "", $5); printf "blobs\t%s\t%s\t%s\t%s\t%s\n", $1, $2, substr("0000" $3, length($3) + 1), $4, $5 }'`,
  parse: ([type, mode, size, mtime]) => ({ type: type!, mode: mode!, size: Number(size), mtime: Number(mtime) }),
  digest: (want) => `${want.sha256} ${want.size}`,
  diff(want, seen) {
    if (want === undefined) return seen && "no longer declared";
    if (!seen) return "missing";
    if (seen.type !== "f") return `not a plain file (${seen.type})`;
    if (seen.size !== want.size) return `size ${seen.size} → ${want.size}`;
    if (seen.mtime !== mtimeOf(want.sha256)) return "modified since it was verified";
    if (seen.mode !== "0644") return `mode ${seen.mode} → 0644`;
    return undefined;
  },
  observed: (seen, want) =>
    seen.type !== "f" ? undefined : seen.size === want.size && seen.mtime === mtimeOf(want.sha256) ? want : { sha256: "unknown: changed on the host", size: seen.size },
  script(todo) {
    const made = [...groupBy(todo.filter((t) => t.op !== "remove"), (t) => folder(t.key))];
    return {
      stage: made.flatMap(([dir, list]) => [
        sh`stage ${dir} blobs`,
        ...list.map((t) => sh`blob ${`${INCOMING}/${t.want!.sha256}`} "$S"/${base(t.key)} ${t.want!.sha256} ${mtimeOf(t.want!.sha256)} ${t.key}`),
      ]),
      place: made.map(([dir]) => sh`place ${dir} blobs`),
      retire: todo.filter((t) => t.op === "remove").map((t) => sh`rm -f -- ${t.key} || fail`),
    };
  },
};
