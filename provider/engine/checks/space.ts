import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Space = Extract<Check, { check: "space" }>;

const mib = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`;

/** Is there room where content goes? The path need not be there yet: its nearest parent answers. */
export const space: Question<Space> = {
  ask: ({ path }) => sh`d=${path}; while [ ! -d "$d" ]; do d=\${d%/*}; d=\${d:-/}; done; df -Pk -- "$d" | awk 'NR == 2 { print $4, $6 }'`,
  judge({ path, bytes }, answer) {
    const [free, mount] = answer.trim().split(" ");
    const available = Number(free) * 1024;
    if (!(available >= bytes)) return { ok: false, what: `${path} needs ${mib(bytes)} and ${mount ?? "its file system"} has ${mib(available || 0)} free`, mend: "Make room, or mount a larger file system there." };
    return { ok: true, what: `${mount} has ${mib(available)} free for ${path}` };
  },
};
