import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Units = Extract<Check, { check: "units" }>;

/** Do our units run? Those that no `up` has put on the host yet are none of them. */
export const units: Question<Units> = {
  ask: ({ units }) => sh`for unit in ${units}; do printf '%s\t%s\n' "$unit" "$(systemctl is-active -- "$unit")"; done`,
  judge({ units }, answer, facts) {
    const known = units.filter((unit) => facts.units.has(unit));
    if (known.length === 0) return { ok: true, what: "nothing is in service here yet: the first up puts it there" };
    const states = new Map(answer.split("\n").map((line) => line.split("\t") as [string, string]));
    const ill = known.filter((unit) => states.get(unit) !== "active");
    if (ill.length === 0) return { ok: true, what: `${known.join(", ")} ${known.length === 1 ? "is" : "are"} running` };
    return {
      ok: false,
      what: ill.map((unit) => `${unit} is ${states.get(unit) || "in an unknown state"}`).join(", "),
      mend: `See why: ${ill.map((unit) => `journalctl -u ${unit}`).join("; ")}. pulumi up --refresh starts what is not running.`,
    };
  },
};
