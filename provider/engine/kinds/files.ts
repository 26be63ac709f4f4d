import type { Kind, Todo } from "../kind";
import { base, folder, groupBy, isLive, relative } from "../paths";
import { sha256 } from "../record";
import { raw, sh, type Sh } from "../sh";
import type { FileSpec } from "../state";

interface Seen {
  type: string;
  mode: string;
  owner: string;
  sha256: string;
}
type FileTodo = Todo<FileSpec, Seen>;

const text = (want: FileSpec): string => (typeof want === "string" ? want : want.text);
const mode = (want: FileSpec): string => (typeof want === "string" ? "0644" : want.mode);
const owner = (want: FileSpec): string => `0:${(typeof want !== "string" && want.group) || 0}`;

/**
 * Text files. Their text travels in the script as quoted words of the shell's own `printf`: no process per file. Those in LIVE become part of a new
 * generation; others are staged beside their place and renamed, those that a daemon parses together and with a way back.
 */
export const files: Kind<"files", Seen> = {
  name: "files",
  keys: "path",
  shared: false,
  stable: true,
  probe: sh`
list=$(printf '%s\n' "$k" | xargs -d '\n' sh -c 'find "$@" -maxdepth 0 -printf "%y\t%p\t%m\t%U:%G\n"' sh 2>/dev/null)
{ printf '%s\n' "$list"
  printf '%s\n' "$list" | sed -n 's/^f\t\([^\t]*\).*/\1/p' | xargs -r -d '\n' sha256sum -z -- 2>/dev/null | tr '\0' '\n'
} | awk -F'\t' '
NF == 4 { order[++n] = $2; about[$2] = $1 "\t" substr("0000" $3, length($3) + 1) "\t" $4; next }
{ sum[substr($0, 67)] = substr($0, 1, 64) }
END { for (i = 1; i <= n; i++) printf "files\t%s\t%s\t%s\n", order[i], about[order[i]], (order[i] in sum) ? sum[order[i]] : "-" }'`,
  parse: ([type, mode, owner, sum]) => ({ type: type!, mode: mode!, owner: owner!, sha256: sum! }),
  digest: (want) => [mode(want), ...(owner(want) === "0:0" ? [] : [owner(want)]), sha256(text(want))].join(" "),
  diff(want, seen) {
    if (want === undefined) return seen && "no longer declared";
    if (!seen) return "missing";
    if (seen.type !== "f") return `not a plain file (${seen.type})`;
    if (seen.sha256 !== sha256(text(want))) return "content differs";
    if (seen.mode !== mode(want)) return `mode ${seen.mode} → ${mode(want)}`;
    if (seen.owner !== owner(want)) return `owner ${seen.owner} → ${owner(want)}`;
    return undefined;
  },
  observed(seen, want, present) {
    const known = present ?? (want !== undefined && sha256(text(want)) === seen.sha256 ? text(want) : undefined);
    if (known === undefined) return undefined;
    const group = seen.owner === "0:33" ? { group: "33" as const } : {};
    return seen.mode === "0644" && (want === undefined || typeof want === "string") ? known : { text: known, mode: seen.mode, ...group };
  },
  script(todo, { watched }) {
    const live = todo.filter((t) => isLive(t.key));
    const outside = todo.filter((t) => !isLive(t.key));
    const swap = outside.filter((t) => watched(t.key));
    const content = outside.filter((t) => !watched(t.key));
    const written = (list: FileTodo[]) => [...groupBy(list.filter((t) => t.op !== "remove"), (t) => folder(t.key))];
    const removed = (list: FileTodo[]) => list.filter((t) => t.op === "remove").map((t) => t.key);
    return {
      stage: [
        ...written(content).flatMap(([dir, list]) => stage(dir, "files", list)),
        ...written(swap).flatMap(([dir, list]) => stage(dir, "swap", list)),
      ],
      live: liveSet(live),
      place: written(content).map(([dir]) => sh`place ${dir} files`),
      swap: [...groupBy(swap, (t) => folder(t.key))].flatMap(([dir, list]) => {
        const there = list.filter((t) => t.seen);
        return [
          ...(there.length ? [sh`keep ${dir} ${there.map((t) => base(t.key))}`] : []),
          ...(list.some((t) => t.op !== "remove") ? [sh`place ${dir} swap`] : []),
          ...removal(removed(list)),
        ];
      }),
      undo: [...groupBy(swap, (t) => folder(t.key))].flatMap(([dir, list]) => [...removal(list.filter((t) => !t.seen).map((t) => t.key)), sh`restore ${dir}`]),
      retire: removal(removed(content)),
    };
  },
};

function stage(dir: string, place: string, list: FileTodo[]): Sh[] {
  return [sh`stage ${dir} ${place}`, ...texts(list, sh`"$S"`, base)];
}

/** The old generation's files are hard links in the new one: a name is removed before it is written anew, or the old set would change too. */
function liveSet(todo: FileTodo[]): Sh[] {
  const written = todo.filter((t) => t.op !== "remove");
  const folders = new Set(written.map((t) => folder(t.key)).filter(isLive));
  return [
    ...removal(todo.map((t) => relative(t.key)), sh`"$G"/`),
    ...[...folders].map((dir) => sh`[ -d "$G"/${relative(dir)} ] || mkdir -p "$G"/${relative(dir)} || fail`),
    ...texts(written, sh`"$G"`, relative),
  ];
}

/** A text with a mode of its own is never readable by others, not even while it is being staged. */
function texts(list: FileTodo[], root: Sh, name: (path: string) => string): Sh[] {
  const print = (t: FileTodo) => sh`printf %s ${text(t.want!)} >${root}/${name(t.key)} || torn ${t.key}`;
  const usual = list.filter((t) => mode(t.want!) === "0644");
  const special = groupBy(list.filter((t) => mode(t.want!) !== "0644"), (t) => `${mode(t.want!)} ${owner(t.want!)}`);
  return [
    ...usual.map(print),
    ...[...special].flatMap(([like, those]) => {
      const [mode, whose] = like.split(" ") as [string, string];
      const all = (command: Sh) => sh`(cd ${root} && printf '%s\0' ${those.map((t) => name(t.key))} | xargs -0 ${command} --) || fail`;
      return [sh`umask 077`, ...those.map(print), sh`umask 022`, ...(whose === "0:0" ? [] : [all(sh`chown ${whose}`)]), all(sh`chmod ${mode}`)];
    }),
  ];
}

function removal(paths: string[], prefix: Sh = sh``): Sh[] {
  if (paths.length === 0) return [];
  const words = raw(paths.map((path) => sh`${prefix}${path}`.text).join(" "));
  return [sh`printf '%s\0' ${words} | xargs -0 rm -f -- || fail`];
}
