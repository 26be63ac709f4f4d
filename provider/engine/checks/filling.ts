import { sh, type Sh } from "../sh";
import { SETTINGS } from "../volumes/library";

/** From how many percent on the master warns, and makes no more volumes, as the last up has told it. Nothing before the first. */
export const limits: Sh = sh`cat ${SETTINGS} 2>/dev/null`;

/** What comes of how full a store is: worth a look where a run would warn or refuse. */
export function filling(full: number, limits: string): { so: string; hint?: true; mend?: string } {
  const [warn, refuse] = ["warn", "refuse"].map((word) => Number(new RegExp(`^${word} (\\d+)$`, "m").exec(limits)?.[1] ?? 101)) as [number, number];
  const from = full >= refuse ? `from ${refuse} % on no volume is made` : full >= warn ? `from ${warn} % on a run that makes volumes warns` : "";
  return from ? { so: `, and ${from}`, hint: true, mend: "Make it larger, or remove volumes that no machine boots." } : { so: "" };
}
