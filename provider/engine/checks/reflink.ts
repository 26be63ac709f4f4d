import { lines, sh } from "../sh";
import type { Check } from "../state";
import { filling, limits } from "./filling";
import type { Question } from "./index";

type Reflink = Extract<Check, { check: "reflink" }>;

/** Does the file system share blocks between copies, and how much more do they promise than it holds? Of XFS only a copy tells, which the first volume makes. The path need not be there yet. */
export const reflink: Question<Reflink> = {
  ask: ({ path }) => lines([
    sh`d=${path}; while [ ! -d "$d" ]; do d=\${d%/*}; d=\${d:-/}; done
stat -f -c %T -- "$d"
df -Pk -- "$d" | awk 'NR == 2 { sub(/%/, "", $5); print $6, $5, $2 }'
find ${path} -mindepth 2 -maxdepth 2 -name 'disk.*' -printf '%s\n' 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f\n", sum / 1024 }'`,
    limits,
  ]),
  judge({ path }, answer) {
    const [type, mount, full, room, promised] = answer.trim().split(/\s+/);
    const { so, ...rest } = filling(Number(full), answer);
    const filled = Number(promised) ? `; it is ${full} % full${so}, and its disks promise ${(Number(promised) / Number(room)).toFixed(1)} times what it holds` : "";
    if (type === "xfs" || type === "btrfs") return { ok: true, ...(filled && rest), what: `${path} lies on ${type}, mounted at ${mount}${filled}` };
    return { ok: false, what: `${path} lies on ${mount}, whose file system (${type}) cannot share blocks between copies`, mend: `Mount XFS (mkfs.xfs -m reflink=1) or btrfs at ${path}, and put it into /etc/fstab.` };
  },
};
