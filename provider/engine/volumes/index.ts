import type { Sh } from "../sh";
import type { VolumeDriver } from "../state";
import { lvmThin } from "./lvmThin";
import { reflink } from "./reflink";
import { zfs } from "./zfs";

/**
 * How volumes are kept: shell functions, each with the driver's name before it, its hyphens as underscores. PATH is a volume's directory, which holds its lineage whatever the
 * driver is, and each of its disks as `disk.GENERATION`: the disk itself, or a link to its device. DISK is such a path. What is made lies under a temporary name until it is
 * placed, and what a crash leaves of that goes with a later commit.
 *
 * `create PATH GENERATION BYTES`, `clone PATH GENERATION FROM-DISK`: make a disk.
 * `size DISK`: prints the bytes that were asked for. `grow DISK BYTES`. `delete PATH GENERATION`: gone, or was not there; fails by its status. `lost STORE`: removes what no volume of the store names.
 * `full STORE`: prints how full that is which they are kept in, in percent, how many bytes it has in all, and what that is.
 */
export interface Driver {
  readonly name: VolumeDriver;
  readonly library: Sh;
  /** `delete`, and `renew PATH GENERATION FROM-DISK`: puts a fresh copy in the place of a disk, at once or not at all. Fails by its status; they need none of a commit's functions. */
  readonly renew: Sh;
  /** Reads stores, one a line; prints `disk TAB PATH TAB GENERATION TAB BYTES TAB BYTES-USED TAB DISK` for each disk that is in its place. Quick where there is none of this driver. */
  readonly facts: Sh;
}

const drivers: Record<VolumeDriver, Driver> = { reflink, "lvm-thin": lvmThin, zfs };
export const allDrivers: readonly Driver[] = Object.values(drivers);
/** Also of a name that is masked in a preview, or that a lineage lacks. */
export const driverOf = (name: string): Driver => drivers[name as VolumeDriver] ?? reflink;
/** What a driver's functions begin with. */
export const prefixOf = (name: string): string => driverOf(name).name.replaceAll("-", "_");
