import type { Facts } from "../facts";
import { targets } from "../kinds/targets";
import { split } from "../record";
import { quote, sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Readable = Extract<Check, { check: "readable" }>;

/**
 * Can the daemon's user read what it serves? As that user itself: rights, groups and lists of the file system are then the kernel's to weigh. setpriv leaves no trace of a login.
 * A folder on the way that lets nobody through hides all below it and is named alone. Links are followed: a loader lies in its package. What a commit is just staging is not served.
 */
const LOOK = `
cd /
while [ $# -gt 0 ]; do
  at=$1 rest=\${2#/}/ way=
  while [ -n "$rest" ]; do
    way=$way/\${rest%%/*} rest=\${rest#*/}
    [ -x "$way" ] || { printf 'way\\t%s\\n' "$way"; shift 2; continue 2; }
  done
  find -L "$2" -name .netboot-stage -prune -o \\( -type d \\( ! -readable -o ! -executable \\) -o -type f ! -readable \\) -printf "what\\t$at/%P\\n" | sed 's|/$||'
  shift 2
done | head -n 50`;

/** What an `up` writes anew with its rights: of anything else it sees at most that it is there. */
const texts = (facts: Facts): Set<string> =>
  new Set([...facts.seen].map(([of, line]) => (split(of)[0] === "files" ? split(of)[1] : split(of)[0] === "targets" ? targets.parse(line.split("\t")).path : "")));

export const readable: Question<Readable> = {
  applies: ({ unit }, { units }) => units.has(unit),
  ask: ({ user, paths }) => sh`
command -v setpriv >/dev/null && group=$(id -g ${user}) || exit 0
set --
for at in ${paths}; do [ ! -e "$at" ] || set -- "$@" "$at" "$(readlink -f -- "$at")"; done
setpriv --reuid ${user} --regid "$group" --init-groups sh -c ${LOOK} sh "$@" | while IFS=$T read -r tag at; do printf '%s\t%s\t%s\n' "$tag" "$at" "$(stat -L -c 'mode %a, %U:%G' -- "$at")"; done
echo looked`,
  judge({ user, paths }, answer, facts) {
    const rows = answer.split("\n").map((line) => line.split("\t"));
    if (!rows.some(([tag]) => tag === "looked")) return { ok: true, hint: true, what: `what ${user} can read could not be asked: there is no such user, or no setpriv (package util-linux)` };
    const found = rows.filter(([tag]) => tag === "way" || tag === "what");
    if (found.length === 0) return { ok: true, what: `${user} can read what is served (${paths.join(", ")})` };
    const first = found.slice(0, 3);
    const named = first.map(([tag, path, rights]) => `${path} (${rights})${tag === "way" ? ", and so nothing below it" : ""}`);
    const more = found.length > 3 ? ` and ${found.length === 50 ? "many" : found.length - 3} more` : "";
    const known = texts(facts);
    const others = first.flatMap(([, path]) => (known.has(path!) ? [] : [quote(path!)]));
    const mends = [...(others.length < first.length ? ["pulumi up --refresh puts back our texts"] : []), ...(others.length ? [`by hand: chmod a+rX ${others.join(" ")}`] : [])];
    return { ok: false, what: `${user} cannot read ${named.join(", ")}${more}`, mend: mends.join("; ") };
  },
};
