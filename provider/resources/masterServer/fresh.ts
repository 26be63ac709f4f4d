import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HTTP, SITE, tidy } from "../../boot/script";
import type { Retries, StorageRef } from "../../boot/types";
import { FRESH } from "../../boot/volumes";
import { CONTROL, ISCSI_UNIT, iscsiLive } from "../../engine/iscsi";
import { lines } from "../../engine/sh";
import { MEMORY, type ServiceSpec } from "../../engine/state";
import { TARGETS } from "../../engine/targets";
import { lioLibrary } from "../../engine/lio";
import { driverOf, prefixOf } from "../../engine/volumes";
import { daemonOf } from "../../engine/volumes/store";
import { templates } from "../../render";
import { RUN } from "./multicast";
import { unitPath } from "./services";

const SCRIPT = `${SITE}/fresh.sh`;
const SERVICE = "netboot-fresh.service";
const PATH = "netboot-fresh.path";
const template = templates(__dirname);

/** Seconds that a machine waits for its disk; the copying takes a tenth of one, and a commit that is under way may come first. */
const PATIENCE = 90;

/** Nothing of it runs until a machine asks: systemd watches a folder. */
export function freshState({ driver, path }: Pick<StorageRef, "driver" | "path">, { stallSeconds }: Retries): { files: Record<string, string>; services: Record<string, ServiceSpec> } {
  const settings = { RUN: `${RUN}/fresh`, DISKS: FRESH, DRIVER: prefixOf(driver), STORE: path, TARGETS, CONTROL, LOCK: `${MEMORY}/lock` };
  const daemon = daemonOf(driver);
  const [main, renew] = ["fresh.sh", `fresh.${daemon}.sh`].map((name) => readFileSync(join(__dirname, name), "utf8"));
  const script = [main, renew, lines([iscsiLive, ...(daemon === "lio" ? [lioLibrary] : []), driverOf(driver).renew]).text, "", "main", ""].join("\n");
  return {
    files: {
      [SCRIPT]: script.replace(/\n{3,}/g, "\n\n"),
      [`${HTTP}/san/fresh.ipxe`]: tidy(template("fresh.ipxe.njk", { stall: stallSeconds * 1000, patience: PATIENCE })),
      [unitPath(SERVICE)]: template("fresh.service.njk", { settings, script: SCRIPT, iscsi: ISCSI_UNIT }),
      [unitPath(PATH)]: template("fresh.path.njk", { run: RUN }),
    },
    services: { [PATH]: { restartOn: [unitPath(PATH), unitPath(SERVICE)], order: 55 } },
  };
}
