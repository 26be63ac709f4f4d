import { PAGE } from "../../boot/page";
import { HTTP, SITE, TFTP } from "../../boot/script";
import { byFirmware } from "../../boot/types";
import { PASSWORDS, type Check } from "../../engine/state";
import { addressOf } from "./files";
import { nameOf } from "./loaders";
import { DHCP_UNIT, HTTP_UNIT } from "./services";
import { ISCSI_PORT } from "./storage";
import type { MasterServer } from "./types";

/** What machines fetch first, where they are told that it is. */
export const answering = (url: string, address: string, file: string): Check[] => [
  { check: "http", url, unit: HTTP_UNIT },
  { check: "tftp", address, file, unit: DHCP_UNIT },
];

/** What comes from outside; udp-sender's receivers answer to the port after the one it sends to. */
const ports = ({ http, storage, imaging }: MasterServer): string[] => ["67/udp", "69/udp", `${http.port}/tcp`, ...(storage ? [`${ISCSI_PORT}/tcp`] : []), ...(imaging?.multicast ? ["9001/udp"] : [])];

/** What only the doctor asks of a master: what may be right as it is (an address that is another's for now, a clock), and what there is to ask once it is in service. */
export function doctor(input: MasterServer, units: string[]): Check[] {
  const { address, http, tftp, loaders, page } = input;
  const told = Object.entries({ address, "http.address": http.address, "tftp.address": tftp.address }).filter((entry): entry is [string, string] => !!entry[1]);
  const [, loader] = byFirmware(loaders)[0]!;
  return [
    ...told.map(([field, address]): Check => ({ check: "address", field, address })),
    { check: "clock" },
    { check: "firewall", ports: ports(input) },
    { check: "units", units },
    ...answering(`http://${addressOf(input)}/boot.ipxe`, tftp.address || address, nameOf(loader)),
    { check: "readable", user: "www-data", paths: [HTTP, ...(page ? [PAGE] : []), PASSWORDS], unit: HTTP_UNIT },
    { check: "readable", user: "dnsmasq", paths: [TFTP, `${SITE}/dhcp-hosts`], unit: DHCP_UNIT },
  ];
}
