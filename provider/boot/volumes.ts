import type { Problem } from "../resource";
import type { Check } from "../engine/state";
import { daemonOf } from "../engine/volumes/store";
import type { MasterRef, StorageRef } from "./types";

/** Where a volume's directory is on its master. */
export const volumePath = ({ storage }: MasterRef, name: string): string => `${storage!.path}/${name}`;

/** Disks that are copied anew when their machine asks: a file each, by its address and the volume. */
export const FRESH = "/etc/netboot/fresh";
export const freshPath = (address: string, volume: string): string => `${FRESH}/${address}-${volume}`;

/** What must be there before the first volume is. */
export function storeChecks({ driver, path, pool }: StorageRef): Check[] {
  const kept: Check = driver === "reflink" ? { check: "reflink", path } : { check: "pool", driver, pool: pool! };
  return [kept, ...(daemonOf(driver) === "lio" ? [{ check: "lio" } as const] : [])];
}

/** A master that keeps no volumes. */
export function volumesProblems(what: string, property: string, master: MasterRef | undefined): Problem[] {
  return master && !master.storage ? [{ property, reason: `${property}: ${what}, and master "${master.name}" keeps no volumes: give the MasterServer storage: {}.` }] : [];
}
