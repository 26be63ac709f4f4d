import type { Kind } from "../kind";
import { sh } from "../sh";

interface Seen {
  status: string;
  version: string;
}

/**
 * Debian packages. What gets installed because of us, dependencies too, is recorded before it is (`installed`); with the last owner of any package all of
 * that is purged, and nothing else. A single package that loses its owner stays until then: it may have become what others depend on.
 */
export const packages: Kind<"packages", Seen> = {
  name: "packages",
  keys: "package",
  shared: true,
  stable: false,
  // dpkg-query fails for a name that it does not know: not an error, but the answer "not installed".
  probe: sh`
printf '%s\n' "$k" | xargs -d '\n' dpkg-query -W -f 'packages\t\${Package}\t\${db:Status-Abbrev}\t\${Version}\n' 2>/dev/null || :`,
  parse: ([status, version]) => ({ status: status!.trim(), version: version ?? "" }),
  digest: (want) => (want.quiet ?? []).join(" ") || "-",
  diff(want, seen) {
    if (want === undefined) return undefined;
    if (!seen || seen.status === "un" || seen.status.endsWith("n")) return "not installed";
    if (seen.status[1] !== "i") return `not fully installed (${seen.status})`;
    return undefined;
  },
  observed: (seen, want) => (seen.status[1] === "i" ? want : undefined),
  script(todo) {
    const wanted = todo.filter((t) => t.op !== "remove");
    if (wanted.length === 0) return {};
    const quiet = wanted.flatMap((t) => (t.want!.quiet ?? []).map((unit) => sh`printf '%s\t%s\n' ${t.key} ${unit} >>"$W/quiet"`));
    const leaves = wanted.flatMap((t) => (t.want!.leaves ?? []).map((path) => sh`printf '%s\t%s\n' ${t.key} ${path} >>"$W/leaves"`));
    return { prepare: [...quiet, ...leaves, sh`install_packages ${wanted.map((t) => t.key)}`] };
  },
};
