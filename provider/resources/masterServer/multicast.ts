import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HTTP, SITE } from "../../boot/script";
import type { ServiceSpec } from "../../engine/state";
import { templates } from "../../render";
import { unitPath } from "./services";
import type { MasterServer } from "./types";

/** In its folder multicast machines wait, and the session says how far it is; gone with the HTTP server's unit. */
export const RUN = "/run/netboot";

const SCRIPT = `${SITE}/multicast.sh`;
const SERVICE = "netboot-multicast.service";
const PATH = "netboot-multicast.path";
const template = templates(__dirname);

/** Seconds that a machine waits for a session to begin: as long as others are gathered, and what the master needs to begin. */
export const patience = ({ wait }: { wait: number }) => wait + 15;

/** Nothing of it runs until a machine waits: systemd watches a folder, and starts one session after the other. */
export function multicastState({ imaging, http, address: own }: MasterServer): { packages: Record<string, object>; files: Record<string, string>; services: Record<string, ServiceSpec> } {
  const wanted = imaging?.multicast;
  if (!wanted) return { packages: {}, files: {}, services: {} };
  const { rate, machines, wait, address } = wanted;
  const settings = { HTTP, RUN: `${RUN}/multicast`, INTERFACE: wanted.interface ?? (http.address || own), ADDRESS: address, RATE: rate, MACHINES: machines, WAIT: wait, PATIENCE: patience(wanted) };
  const files = {
    [SCRIPT]: readFileSync(join(__dirname, "multicast.sh"), "utf8"),
    [unitPath(SERVICE)]: template("multicast.service.njk", { settings, script: SCRIPT }),
    [unitPath(PATH)]: template("multicast.path.njk", { run: RUN }),
  };
  return { packages: { udpcast: {} }, files, services: { [PATH]: { restartOn: [unitPath(PATH), unitPath(SERVICE)], order: 55 } } };
}
