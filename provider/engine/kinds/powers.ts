import type { Kind } from "../kind";
import { sh } from "../sh";
import { MEMORY, type PowerSpec } from "../state";

interface Seen {
  /** Digest of what the machine booted when it was last looked after. */
  boots: string;
}

/** Stands in a note for "nothing yet". */
const NOTHING = "-";
const NOTES = `${MEMORY}/power`;

/** What the machine boots as far as anybody has looked after it. */
const served = (want: PowerSpec, seen: Seen | undefined) => want.before ?? seen?.boots ?? want.known ?? NOTHING;
const owed = (want: PowerSpec, seen: Seen | undefined) => want.onChange !== "none" && served(want, seen) !== want.boots;
/** What the commit notes: a machine that is to be switched has what it boots noted when it has been. */
const noted = (want: PowerSpec, seen: Seen | undefined) => (owed(want, seen) ? served(want, seen) : want.boots);

/**
 * Machines that are switched once when they boot something else. A note for each says what it was last looked after for; that it says something else than what is wanted is a
 * debt, which is paid when the commit is in service (switching.ts). A note outlives its resource, or a machine that goes from one resource to another would be switched.
 */
export const powers: Kind<"powers", Seen> = {
  name: "powers",
  keys: "name",
  shared: false,
  stable: false,
  probe: sh`
printf '%s\n' "$k" | while IFS= read -r key; do
  [ -f ${NOTES}/"$key" ] && read -r boots <${NOTES}/"$key" && printf 'powers\t%s\t%s\n' "$key" "$boots"
done; :`,
  parse: ([boots]) => ({ boots: boots! }),
  digest: ({ boots, onChange }) => `${boots} ${onChange}`,
  owes: owed,
  diff(want, seen) {
    if (want === undefined || seen?.boots === noted(want, seen)) return undefined;
    return seen ? "boots something else" : "not noted yet";
  },
  observed: ({ boots }, want) => ({ ...want, boots }),
  script(todo) {
    if (!todo.length) return {};
    return {
      stage: [sh`stage ${NOTES} notes`, ...todo.map(({ key, want, seen }) => sh`printf '%s\n' ${noted(want!, seen)} >"$S"/${key} || torn ${key}`)],
      offer: [sh`place ${NOTES} notes`],
    };
  },
};
