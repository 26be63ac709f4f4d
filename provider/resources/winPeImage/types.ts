import type { Blob, MasterRef, Processor } from "../../boot/types";

export interface Wimboot extends Blob {
  fault?: string;
}

/** Where the three files are: in a directory, whose files the SDK has looked at, or in an ISO image, which the master takes apart. */
export interface Source {
  path?: string;
  master?: string;
  sha256?: string;
  size?: number;
  bcd?: Blob;
  sdi?: Blob;
  wim?: Blob;
  /** What the header of a directory's boot.wim says; 0 is none. */
  bootIndex?: number;
  images?: { name?: string; machine?: Processor }[];
  problem?: string;
  fault?: string;
}

export interface DriverFile {
  name: string;
  sha256: string;
  size: number;
}

export interface Drivers {
  path: string;
  files?: DriverFile[];
  problem?: string;
}

export interface WinPeImage {
  name: string;
  master: MasterRef;
  wimboot: Wimboot;
  source: Source;
  index?: number;
  gui: boolean;
  drivers: Drivers[];
  startScript?: string | { path: string; text?: string; problem?: string };
}
