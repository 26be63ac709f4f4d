import { HTTP, SITE, TFTP } from "../../boot/script";
import { FRESH } from "../../boot/volumes";
import { LEDGER, MEMORY, REPORTS, type Check, type HostState } from "../../engine/state";
import { CONTROL } from "../../engine/iscsi";
import { inside } from "../../engine/paths";
import { TARGETS, TARGETS_CONF } from "../../engine/targets";
import { LIMITS } from "../../engine/volumes/library";
import { templates } from "../../render";
import type { Problem } from "../../resource";
import { CIDATA, SEEDS } from "../../seed/seed";
import { freshState } from "./fresh";
import { LOGS } from "./files";
import { ISCSI_UNIT, unitPath } from "./services";
import type { MasterServer } from "./types";

const template = templates(__dirname);
const PORT = 3260;
const SYSTEM = /^\/(bin|boot|dev|etc|lib|lib32|lib64|proc|root|run|sbin|sys|tmp|usr)(\/|$)/;
/** What else is kept on a master: a volume may have any of these names. */
const OTHERS = [HTTP, TFTP, `${SITE}/claims`, `${SITE}/dhcp-hosts`, REPORTS, SEEDS, CIDATA, MEMORY, LEDGER, LOGS];

type State = Required<Pick<HostState, "packages" | "directories" | "files" | "services">> & { checks: Check[] };

/** iSCSI, as a unit of its own beside what the host may offer by its own tgt. */
export function storageState({ storage, address, retries }: MasterServer): State {
  if (!storage) return { packages: {}, directories: {}, files: {}, services: {}, checks: [] };
  const { path, warnPercent, refusePercent } = storage;
  const fresh = freshState(storage, retries);
  return {
    packages: { tgt: { quiet: ["tgt.service"] } },
    directories: { [TARGETS]: "0700", [`${HTTP}/san`]: "0755", [FRESH]: "0755" },
    files: {
      ...fresh.files,
      [LIMITS]: `warn ${warnPercent}\nrefuse ${refusePercent}\n`,
      [TARGETS_CONF]: `include ${TARGETS}/*.conf\n`,
      [unitPath(ISCSI_UNIT)]: template("iscsi.service.njk", { address, port: PORT, control: CONTROL, conf: TARGETS_CONF, store: path }),
    },
    // A target that changes is told to the daemon; a restart would cut all the others' sessions.
    services: { [ISCSI_UNIT]: { restartOn: [unitPath(ISCSI_UNIT)], order: 40 }, ...fresh.services },
    checks: [{ check: "reflink", path }, { check: "port", protocol: "tcp", port: PORT, unit: ISCSI_UNIT, address }],
  };
}

export function storageProblems({ storage }: MasterServer): Problem[] {
  if (!storage) return [];
  const { path, warnPercent, refusePercent } = storage;
  const problems: Problem[] = [];
  if (warnPercent > refusePercent) problems.push({ property: "storage.warnPercent", reason: `storage.warnPercent is ${warnPercent}, and no volume is made from ${refusePercent} % on: write a number below that.` });
  const other = OTHERS.find((one) => inside(path, one) || inside(one, path));
  if (inside(path, HTTP)) problems.push({ property: "storage.path", reason: `storage.path is "${path}", whose files are served to anyone: write another directory, for example "/srv/netboot/volumes".` });
  else if (other) problems.push({ property: "storage.path", reason: `storage.path is "${path}", and ${other} is kept there, which a volume could stand in the way of: write a directory for volumes alone, for example "/srv/netboot/volumes".` });
  if (SYSTEM.test(path)) problems.push({ property: "storage.path", reason: `storage.path is "${path}", which is the system's own: write another directory, for example "/srv/netboot/volumes".` });
  return problems;
}
