import type { Blob, Firmware, LocalBoot, Retries, StorageRef } from "../../boot/types";
import type { Pace } from "../../engine/state";

export interface MasterServer {
  name: string;
  host: string;
  address: string;
  interface?: string;
  http: { address?: string; port: number };
  tftp: { address?: string };
  loaders: Loaders;
  unknownMachines: "local" | "menu" | "ignore" | "register";
  unknownMenu?: string;
  registerLimit: number;
  localBoot: LocalBoot;
  retries: Retries;
  imaging?: { authorizedKeys: string[]; firmware: string[]; cmdline: string; captureLimit: string; multicast?: Multicast };
  installers: boolean;
  storage?: StorageRef & { warnPercent: number; refusePercent: number };
  page?: { allow: string[] };
  maxErase: number;
  power: Pace;
}

/** One stream to many machines. */
export interface Multicast {
  rate: string;
  machines: number;
  wait: number;
  address: string;
  interface?: string;
}

/** A file of the iPXE package by its name, or one of the user's own. */
export type Loaders = Partial<Record<Firmware, string | Blob>>;
