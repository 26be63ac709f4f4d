import type { Check } from "../../engine/state";

/** What only the doctor asks of a master. */
export const doctor = (): Check[] => [{ check: "clock" }];
