import { split } from "../record";
import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Driver = Extract<Check, { check: "driver" }>;
const SHOWN = 10;

/** Are there volumes of another driver? Whatever offers them would go from under the machines that run on them. Records say so, of all stacks. */
export const driver: Question<Driver> = {
  ask: () => sh`:`,
  judge({ driver }, _answer, { owners }) {
    const entries = [...owners.values()].flatMap((record) => [...record]).flatMap(([of, digest]) => (split(of)[0] === "volumes" ? [{ path: split(of)[1], by: digest.split(" ", 1)[0]! }] : []));
    const others = entries.filter(({ by }) => by !== driver);
    if (!others.length) return { ok: true, what: `no volume has another driver than ${driver}` };
    const names = others.map(({ path }) => path).sort();
    const some = `${names.slice(0, SHOWN).join(", ")}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ""}`;
    const was = others[0]!.by;
    return { ok: false, what: `storage.driver is ${driver}, and ${was} keeps ${some}`, mend: `Write storage: { driver: "${was}" } again; or remove those volumes first, with an \`up\` of its own, by which what is on them is lost, and declare them anew.` };
  },
};
