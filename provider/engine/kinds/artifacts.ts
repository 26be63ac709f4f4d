import type { Kind } from "../kind";
import { folder, groupBy } from "../paths";
import { sh, type Sh } from "../sh";
import { INCOMING } from "./blobs";

interface Seen {
  type: string;
  recipe: string;
  whole: boolean;
  /** "name version", as stamped when it was built, and as installed now. */
  built: string[];
  now: string[];
}

const list = (text: string | undefined): string[] => (text ? text.split(",") : []);
const names = (versions: string[]): string[] => versions.map((line) => line.split(" ")[0]!);

/**
 * Directories that the master builds by a script: what is too large, or too much the master's own, to be sent. The path names the recipe, so several owners may share one.
 * A stamp in the directory says what it was built by and with, and what it then held; it is written last, before the directory is renamed into its place.
 */
export const artifacts: Kind<"artifacts", Seen> = {
  name: "artifacts",
  keys: "path",
  content: true,
  shared: true,
  stable: true,
  probe: sh`
printf '%s\n' "$k" | while IFS= read -r at; do
  if [ -L "$at" ] || [ -e "$at" ] && [ ! -d "$at" ]; then printf 'artifacts\t%s\tother\n' "$at"; continue; fi
  [ -d "$at" ] || continue
  if [ ! -f "$at/.recipe" ]; then printf 'artifacts\t%s\td\n' "$at"; continue; fi
  whole=; [ "$(sed -n 's/^whole //p' "$at/.recipe")" = "$(contents "$at")" ] && { [ ! -f "$at/.check" ] || ( cd "$at" && sh ./.check ) </dev/null >/dev/null 2>&1; } && whole=whole
  built=$(sed -n 's/^package //p' "$at/.recipe")
  printf 'artifacts\t%s\td\t%s\t%s\t%s\t%s\n' "$at" "$(sed -n 's/^recipe //p' "$at/.recipe")" "$whole" \
    "$(printf %s "$built" | tr '\n' ,)" "$(versions $(printf '%s\n' "$built" | cut -d' ' -f1) | head -c -1 | tr '\n' ,)"
done`,
  parse: ([type, recipe, whole, built, now]) => ({ type: type!, recipe: recipe ?? "", whole: whole === "whole", built: list(built), now: list(now) }),
  ours: (seen) => seen.recipe !== "",
  digest: (want) => [want.recipe, ...(want.packages ?? [])].join(" "),
  diff(want, seen) {
    if (want === undefined) return seen && "no longer declared";
    if (!seen) return "missing";
    if (seen.type !== "d") return "not a directory";
    if (!seen.recipe) return "incomplete: it has no stamp";
    if (seen.recipe !== want.recipe) return "built by another recipe";
    if (!seen.whole) return "changed since it was built";
    if (names(seen.built).join() !== [...new Set(want.packages ?? [])].sort().join()) return "built with other packages";
    const changed = seen.built.filter((line) => !seen.now.includes(line)).map((line) => `${line} → ${seen.now.find((now) => names([now])[0] === names([line])[0])?.split(" ")[1] ?? "gone"}`);
    return changed.length ? `built with another version: ${changed.join(", ")}` : undefined;
  },
  observed(seen, want) {
    const why = artifacts.diff(want, seen, "");
    return why ? (seen.type === "d" ? { ...want, recipe: why } : undefined) : want;
  },
  script(todo, { build }) {
    const once = [...new Map(todo.filter((t) => t.op !== "remove").map((t) => [t.key, t])).values()];
    const made = [...groupBy(once, (t) => folder(t.key))];
    return {
      stage: made.flatMap(([dir, those]): Sh[] => [
        sh`stage ${dir} artifacts; printf '%s\n' ${dir} >>"$M/building"`,
        ...those.flatMap((t) => {
          const how = build(t.key);
          if (!how) return [sh`printf 'nothing says how to build %s\n' ${t.key} >&2; finish artifact ${t.key}`];
          return [
            ...(how.uploads ?? []).map(({ sha256, blocks }) => blocks ? sh`listed ${`${INCOMING}/${sha256}.blocks`} ${t.key}` : sh`uploaded ${`${INCOMING}/${sha256}`} ${sha256} ${t.key}`),
            sh`build ${t.key} ${t.want!.recipe} ${how.script} ${t.want!.packages ?? []}`,
          ];
        }),
      ]),
      place: made.flatMap(([dir, those]) => [...those.filter((t) => t.seen).map((t) => sh`displace ${t.key}`), sh`place ${dir} artifacts`]),
      retire: todo.filter((t) => t.op === "remove").map((t) => sh`leave ${t.key}`),
    };
  },
};
