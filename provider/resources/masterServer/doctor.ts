import type { Check } from "../../engine/state";
import { ISCSI_PORT } from "./storage";
import type { MasterServer } from "./types";

/** What comes from outside; udp-sender's receivers answer to the port after the one it sends to. */
const ports = ({ http, storage, imaging }: MasterServer): string[] => ["67/udp", "69/udp", `${http.port}/tcp`, ...(storage ? [`${ISCSI_PORT}/tcp`] : []), ...(imaging?.multicast ? ["9001/udp"] : [])];

/** What only the doctor asks of a master: what may be right as it is, as an address that is another's for now. */
export function doctor(input: MasterServer): Check[] {
  const { address, http, tftp } = input;
  const told = Object.entries({ address, "http.address": http.address, "tftp.address": tftp.address }).filter((entry): entry is [string, string] => !!entry[1]);
  return [...told.map(([field, address]): Check => ({ check: "address", field, address })), { check: "clock" }, { check: "firewall", ports: ports(input) }];
}
