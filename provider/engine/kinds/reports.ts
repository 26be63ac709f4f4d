import type { Kind } from "../kind";
import { sh } from "../sh";
import { REPORTS } from "../state";

interface Seen {
  owner: string;
}

/** Where a machine may leave what it says of itself: a folder of the web server's, which goes with what is in it. */
export const reports: Kind<"reports", Seen> = {
  name: "reports",
  keys: "name",
  shared: false,
  stable: true,
  probe: sh`
( cd ${REPORTS} 2>/dev/null && printf '%s\n' "$k" | xargs -d '\n' stat --printf 'reports\t%n\t%u\n' -- 2>/dev/null )`,
  parse: ([owner]) => ({ owner: owner! }),
  digest: () => "-",
  directory: (machine) => `${REPORTS}/${machine}`,
  diff(want, seen) {
    if (want === undefined) return seen && "no longer declared";
    if (!seen) return "missing";
    return seen.owner === "33" ? undefined : `owner ${seen.owner} → www-data`;
  },
  observed: (_seen, want) => want,
  script(todo) {
    const path = reports.directory!;
    return {
      prepare: todo.filter((t) => t.op !== "remove").map((t) => sh`ensure_dir ${path(t.key)} && chown 33:33 ${path(t.key)} || fail`),
      retire: todo.filter((t) => t.op === "remove").map((t) => sh`rm -rf -- ${path(t.key)} || fail`),
    };
  },
};
