import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HTTP, SITE, TFTP } from "../../boot/script";
import type { StorageRef } from "../../boot/types";
import { FRESH, storeChecks } from "../../boot/volumes";
import { LEDGER, MEMORY, REPORTS, type Check, type HostState, type VolumeDriver } from "../../engine/state";
import { CONTROL, ISCSI_UNIT } from "../../engine/iscsi";
import { lioLibrary } from "../../engine/lio";
import { inside } from "../../engine/paths";
import { TARGETS, TARGETS_CONF } from "../../engine/targets";
import { SETTINGS } from "../../engine/volumes/library";
import { daemonOf } from "../../engine/volumes/store";
import { templates } from "../../render";
import type { Problem } from "../../resource";
import { CIDATA, SEEDS } from "../../seed/seed";
import { freshState } from "./fresh";
import { LOGS } from "./files";
import { unitPath } from "./services";
import type { MasterServer } from "./types";

const template = templates(__dirname);
export const ISCSI_PORT = 3260;
const SYSTEM = /^\/(bin|boot|dev|etc|lib|lib32|lib64|proc|root|run|sbin|sys|tmp|usr)(\/|$)/;
/** What else is kept on a master: a volume may have any of these names. */
const OTHERS = [HTTP, TFTP, `${SITE}/claims`, `${SITE}/dhcp-hosts`, REPORTS, SEEDS, CIDATA, MEMORY, LEDGER, LOGS];

type State = Required<Pick<HostState, "packages" | "directories" | "files" | "services">> & { checks: Check[] };

/** Where the kernel's targets come back from at a start. */
const LIO_SCRIPT = `${SITE}/iscsi.sh`;
const PACKAGES: Record<VolumeDriver, HostState["packages"]> = { reflink: { tgt: { quiet: ["tgt.service"] } }, "lvm-thin": { lvm2: {}, "thin-provisioning-tools": {} }, zfs: {} };

/** How disks are offered: by a daemon, or by a script that tells the kernel. Both are units of our own, beside what the host may offer by itself. */
function iscsiFiles({ driver, path, pool = "" }: StorageRef, address: string): Record<string, string> {
  if (daemonOf(driver) === "tgt")
    return { [TARGETS_CONF]: `include ${TARGETS}/*.conf\n`, [unitPath(ISCSI_UNIT)]: template("iscsi.service.njk", { address, port: ISCSI_PORT, control: CONTROL, conf: TARGETS_CONF, store: path }) };
  return {
    [LIO_SCRIPT]: [readFileSync(join(__dirname, "lio.sh"), "utf8"), lioLibrary.text, "", '"lio_$1"', ""].join("\n").replace(/\n{3,}/g, "\n\n"),
    [unitPath(ISCSI_UNIT)]: template("lio.service.njk", { script: LIO_SCRIPT, targets: TARGETS, store: path, group: driver === "lvm-thin" ? pool.split("/")[0] : "" }),
  };
}

/** iSCSI, as a unit of its own. */
export function storageState({ storage, address, retries }: MasterServer): State {
  if (!storage) return { packages: {}, directories: {}, files: {}, services: {}, checks: [] };
  const { driver, path, pool, warnPercent, refusePercent } = storage;
  const daemon = daemonOf(driver);
  const fresh = freshState(storage, retries);
  return {
    packages: PACKAGES[driver] ?? {},
    directories: { [TARGETS]: "0700", [`${HTTP}/san`]: "0755", [FRESH]: "0755" },
    files: {
      ...fresh.files,
      [SETTINGS]: `warn ${warnPercent}\nrefuse ${refusePercent}\n${pool ? `pool ${pool}\n` : ""}`,
      ...iscsiFiles(storage, address),
    },
    // A target that changes is told to the daemon; a restart would cut all the others' sessions.
    services: { [ISCSI_UNIT]: { restartOn: [unitPath(ISCSI_UNIT)], order: 40 }, ...fresh.services },
    checks: [{ check: "driver", driver }, ...storeChecks(storage), { check: "port", protocol: "tcp", port: ISCSI_PORT, unit: ISCSI_UNIT, address, ...(daemon === "lio" && { kernel: true as const }) }],
  };
}

function poolProblems(driver: VolumeDriver, pool: string | undefined): Problem[] {
  const say = (reason: string): Problem[] => [{ property: "storage.pool", reason }];
  const like = driver === "zfs" ? 'a data set for volumes alone, for example "tank/netboot"' : 'a volume group and a thin pool in it, for example "vg0/netboot"';
  if (driver === "reflink") return pool === undefined ? [] : say(`storage.pool is "${pool}", and storage.driver is "reflink", which keeps disks in storage.path: leave it out, or write another driver.`);
  if (pool === undefined) return say(`storage.pool is missing, and storage.driver is "${driver}": write ${like}.`);
  return driver === "lvm-thin" && pool.split("/").length !== 2 ? say(`storage.pool is "${pool}", and storage.driver is "lvm-thin": write ${like}.`) : [];
}

export function storageProblems({ storage }: MasterServer): Problem[] {
  if (!storage) return [];
  const { driver, path, pool, warnPercent, refusePercent } = storage;
  const problems: Problem[] = [...poolProblems(driver, pool)];
  if (warnPercent > refusePercent) problems.push({ property: "storage.warnPercent", reason: `storage.warnPercent is ${warnPercent}, and no volume is made from ${refusePercent} % on: write a number below that.` });
  const other = OTHERS.find((one) => inside(path, one) || inside(one, path));
  if (inside(path, HTTP)) problems.push({ property: "storage.path", reason: `storage.path is "${path}", whose files are served to anyone: write another directory, for example "/srv/netboot/volumes".` });
  else if (other) problems.push({ property: "storage.path", reason: `storage.path is "${path}", and ${other} is kept there, which a volume could stand in the way of: write a directory for volumes alone, for example "/srv/netboot/volumes".` });
  if (SYSTEM.test(path)) problems.push({ property: "storage.path", reason: `storage.path is "${path}", which is the system's own: write another directory, for example "/srv/netboot/volumes".` });
  return problems;
}
