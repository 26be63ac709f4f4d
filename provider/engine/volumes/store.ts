import type { VolumeDriver } from "../state";

/** What a target offers of a volume: a file or a link to a device on the master. */
export const storeOf = (path: string, generation: number): string => `${path}/disk.${generation}`;

/** Which volume that is of, and which generation of it. */
export function diskAt(store: string): { volume: string; generation: number } {
  const at = store.lastIndexOf("/disk.");
  return { volume: store.slice(0, at), generation: Number(store.slice(at + "/disk.".length)) };
}

/** Who offers a driver's disks: devices are the kernel's, which takes no detour through a process. */
export const daemonOf = (driver: VolumeDriver): "tgt" | "lio" => (driver === "lvm-thin" || driver === "zfs" ? "lio" : "tgt");
