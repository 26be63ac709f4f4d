import type { VolumeDriver } from "../state";
import { driverOf } from "./index";

/** What a target offers of a volume: a file or a device on the master. */
export const storeOf = (driver: VolumeDriver, path: string, generation: number): string => driverOf(driver)?.store(path, generation) ?? path;
