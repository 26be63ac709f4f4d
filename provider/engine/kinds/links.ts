import type { Kind } from "../kind";
import { base, folder, groupBy } from "../paths";
import { sh } from "../sh";

interface Seen {
  type: string;
  target: string;
}

/** Symbolic links, renamed into place like files: a name never points nowhere in between. */
export const links: Kind<"links", Seen> = {
  name: "links",
  keys: "path",
  shared: false,
  stable: true,
  probe: sh`
printf '%s\n' "$k" | xargs -d '\n' sh -c 'find "$@" -maxdepth 0 -printf "links\t%p\t%y\t%l\n"' sh 2>/dev/null`,
  parse: ([type, target]) => ({ type: type!, target: target ?? "" }),
  digest: (want) => want,
  diff(want, seen) {
    if (want === undefined) return seen && "no longer declared";
    if (!seen) return "missing";
    if (seen.type !== "l") return `not a link (${seen.type})`;
    if (seen.target !== want) return `target ${seen.target} → ${want}`;
    return undefined;
  },
  observed: (seen) => (seen.type === "l" ? seen.target : undefined),
  script(todo) {
    const made = [...groupBy(todo.filter((t) => t.op !== "remove"), (t) => folder(t.key))];
    return {
      stage: made.flatMap(([dir, list]) => [sh`stage ${dir} links`, ...list.map((t) => sh`ln -s -- ${t.want!} "$S"/${base(t.key)} || fail`)]),
      place: made.map(([dir]) => sh`place ${dir} links`),
      retire: todo.filter((t) => t.op === "remove").map((t) => sh`rm -f -- ${t.key} || fail`),
    };
  },
};
