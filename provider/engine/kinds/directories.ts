import type { Kind } from "../kind";
import { isLive, relative } from "../paths";
import { sh } from "../sh";

interface Seen {
  type: string;
  mode: string;
}

/**
 * Directories. One that was there before us is used as it is, if its mode is the wanted one; it is never changed and never removed. So is one that a link leads to: an
 * administrator may have put the whole of it on another disk.
 * What we made goes with its last user, if it is empty by then: that is the engine's own business, for parents of files too (see `prune`).
 */
export const directories: Kind<"directories", Seen> = {
  name: "directories",
  keys: "path",
  shared: true,
  stable: true,
  probe: sh`
printf '%s\n' "$k" | xargs -d '\n' sh -c 'find -H "$@" -maxdepth 0 -printf "%p\t%y\t%m\n"' sh 2>/dev/null |
awk -F'\t' '{ printf "directories\t%s\t%s\t%s\n", $1, $2, substr("0000" $3, length($3) + 1) }'`,
  parse: ([type, mode]) => ({ type: type!, mode: mode! }),
  digest: (want) => want,
  diff(want, seen) {
    if (want === undefined) return undefined; // nobody's any more: `prune` sees to what we made
    if (!seen) return "missing";
    if (seen.type !== "d") return `not a directory (${seen.type})`;
    if (seen.mode !== want) return `mode ${seen.mode} → ${want}`;
    return undefined;
  },
  observed: (seen) => (seen.type === "d" ? seen.mode : undefined),
  script(todo) {
    const made = todo.filter((t) => t.op !== "remove");
    return {
      prepare: made.filter((t) => !isLive(t.key)).map((t) => sh`ensure_dir ${t.key} && chmod ${t.want!} ${t.key} || fail`),
      live: made.filter((t) => isLive(t.key)).map((t) => sh`mkdir -p "$G"/${relative(t.key)} && chmod ${t.want!} "$G"/${relative(t.key)} || fail`),
    };
  },
};
