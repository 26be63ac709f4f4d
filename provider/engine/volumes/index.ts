import type { Sh } from "../sh";
import type { VolumeDriver } from "../state";
import { reflink } from "./reflink";

/**
 * How volumes are kept: shell functions, each with the driver's name before it. PATH is a volume's directory, which holds its lineage whatever the driver is;
 * a disk of it has a GENERATION. What is made lies under a temporary name until it is placed, and what a crash leaves of that goes with the next commit.
 *
 * `create PATH GENERATION BYTES`, `clone PATH GENERATION FROM-PATH FROM-GENERATION`: make a disk. `temporary PATH GENERATION`: prints where it is until `place PATH GENERATION`.
 * `store PATH GENERATION`: prints where it is then. `grow STORE BYTES`: in either. `generations PATH`: those that have a disk. `delete PATH GENERATION`: gone, or was not there.
 */
export interface Driver {
  readonly name: VolumeDriver;
  readonly library: Sh;
  /** `renew PATH GENERATION FROM-PATH FROM-GENERATION`: puts a fresh copy in the place of a disk, at once or not at all. Fails by its status; it and `store` need none of a commit's functions. */
  readonly renew: Sh;
  /** Reads pools, one a line; prints `disk TAB PATH TAB GENERATION TAB BYTES TAB BYTES-USED TAB STORE` for each disk that is in its place. */
  readonly facts: Sh;
  /** What a target offers. */
  store(path: string, generation: number): string;
}

const drivers: Record<VolumeDriver, Driver> = { reflink };
export const allDrivers: readonly Driver[] = Object.values(drivers);
export const driverOf = (name: VolumeDriver): Driver => drivers[name];
