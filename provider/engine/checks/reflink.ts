import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Reflink = Extract<Check, { check: "reflink" }>;

/** Does the file system share blocks between copies? Of XFS only a copy tells, which the first volume makes. The path need not be there yet. */
export const reflink: Question<Reflink> = {
  ask: ({ path }) => sh`d=${path}; while [ ! -d "$d" ]; do d=\${d%/*}; d=\${d:-/}; done; printf '%s %s\n' "$(stat -f -c %T -- "$d")" "$(df -P -- "$d" | awk 'NR == 2 { print $6 }')"`,
  judge({ path }, answer) {
    const [type, mount] = answer.trim().split(" ");
    if (type === "xfs" || type === "btrfs") return { ok: true, what: `${path} lies on ${type}, mounted at ${mount}` };
    return { ok: false, what: `${path} lies on ${mount}, whose file system (${type}) cannot share blocks between copies`, mend: `Mount XFS (mkfs.xfs -m reflink=1) or btrfs at ${path}, and put it into /etc/fstab.` };
  },
};
