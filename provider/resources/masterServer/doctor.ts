import type { Check } from "../../engine/state";
import type { MasterServer } from "./types";

/** What only the doctor asks of a master: what may be right as it is, as an address that is another's for now. */
export function doctor({ address, http, tftp }: MasterServer): Check[] {
  const told = Object.entries({ address, "http.address": http.address, "tftp.address": tftp.address }).filter((entry): entry is [string, string] => !!entry[1]);
  return [...told.map(([field, address]): Check => ({ check: "address", field, address })), { check: "clock" }];
}
