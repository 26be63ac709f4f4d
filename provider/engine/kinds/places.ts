import type { Kind } from "../kind";
import { sh } from "../sh";

interface Seen {
  free: number;
  taken: number;
}

/** Free ones, where so many are taken. */
const left = (want: number, { taken }: Seen) => Math.max(0, want - taken);

/**
 * Folders of the web server's, each for what one machine says of itself that nobody knows. They are numbered in `free/`, and renamed by whoever takes one: a request
 * makes none, so that no request takes more of the disk than was given. Their content goes with them.
 */
export const places: Kind<"places", Seen> = {
  name: "places",
  keys: "path",
  shared: false,
  stable: false,
  library: sh`
# So many free ones as are wanted beside those that are taken. Owner www-data: a rename writes into both folders.
fill_places() { # path number
  # A folder of the web server's, and so a link in it may be anybody's.
  [ ! -L "$1/free" ] || rm -f -- "$1/free" || return 1
  ensure_dir "$1/free" && chmod 700 "$1" && find "$1/free" -mindepth 1 -delete || return 1
  taken=$(find "$1" -mindepth 1 -maxdepth 1 -type d ! -name free | wc -l) i=0
  while [ $((taken + i)) -lt "$2" ]; do
    mkdir "$1/free/$(printf %03d $i)" || return 1
    i=$((i + 1))
  done
  chown 33:33 "$1" && chown -R 33:33 "$1/free"
}`,
  probe: sh`
printf '%s\n' "$k" | while IFS= read -r at; do
  [ -d "$at/free" ] && [ ! -L "$at/free" ] && printf 'places\t%s\t%s\t%s\n' "$at" "$(find "$at/free" -mindepth 1 -maxdepth 1 -type d -user 33 | wc -l)" "$(find "$at" -mindepth 1 -maxdepth 1 -type d ! -name free | wc -l)"
done; :`,
  parse: ([free, taken]) => ({ free: Number(free), taken: Number(taken) }),
  digest: (want) => String(want),
  directory: (path) => path,
  diff(want, seen) {
    if (want === undefined) return seen && "no longer declared";
    if (!seen) return "missing";
    return seen.free === left(want, seen) ? undefined : `${seen.free} free → ${left(want, seen)}`;
  },
  observed: (seen, want) => (seen.free === left(want, seen) ? want : seen.free + seen.taken),
  script(todo) {
    return {
      prepare: todo.filter((t) => t.op !== "remove").map((t) => sh`fill_places ${t.key} ${t.want!} || fail`),
      retire: todo.filter((t) => t.op === "remove").map((t) => sh`rm -rf -- ${t.key} || fail`),
    };
  },
};
