import type { Problem } from "../resource";
import type { MasterRef } from "./types";

/** Where a volume's directory is on its master. */
export const volumePath = ({ storage }: MasterRef, name: string): string => `${storage!.path}/${name}`;

/** Disks that are copied anew when their machine asks: a file each, by its address and the volume. */
export const FRESH = "/etc/netboot/fresh";
export const freshPath = (address: string, volume: string): string => `${FRESH}/${address}-${volume}`;

/** A master that keeps no volumes. */
export function volumesProblems(what: string, property: string, master: MasterRef | undefined): Problem[] {
  return master && !master.storage ? [{ property, reason: `${property}: ${what}, and master "${master.name}" keeps no volumes: give the MasterServer storage: {}.` }] : [];
}
