import type { Pace, VolumeDriver } from "../engine/state";

/** What the schemas call `ref` and `boot`, as code sees them. */
export interface LocalBoot {
  method: "auto" | "exit" | "sanboot" | "chain";
  drive: string;
  loader: string;
  volume?: string;
}

export interface Retries {
  count: number;
  waitSeconds: number;
  stallSeconds: number;
}

export interface MasterRef {
  name: string;
  host: string;
  address: string;
  interface?: string;
  /** Base of all URLs: "http://10.0.0.2", with the port where it is not 80. */
  http: string;
  tftp: string;
  /** File name of the boot loader for each firmware. */
  loaders: Partial<Record<Firmware, string>>;
  offer: "all" | "known";
  localBoot: LocalBoot;
  retries: Retries;
  /** The imaging system, where the master has one. */
  imaging?: ImagingRef;
  /** Does it take orders for installations? */
  installers?: boolean;
  /** Where it keeps disks, where it does. */
  storage?: StorageRef;
  /** Has it a page that shows what machines are assigned? */
  page?: boolean;
  /** How many machines one run may order erased. */
  maxErase?: number;
  /** How many machines it switches on together; 8, then five seconds, where it says nothing. */
  power?: Pace;
}

export interface StorageRef {
  driver: VolumeDriver;
  path: string;
  /** What devices are kept in: "vg0/netboot" of LVM, "tank/netboot" of ZFS. */
  pool?: string;
  /** What iSCSI names begin with. */
  iqn: string;
}

export interface ImagingRef {
  /** Digest of its recipe: the folder in its URL. */
  id: string;
  cmdline: string;
  /** Can it send to many at once? Then a machine waits so many seconds for that to begin. */
  multicast?: { patience: number };
}

export const FIRMWARES = ["bios", "uefi", "uefi32", "arm64"] as const;
export type Firmware = (typeof FIRMWARES)[number];

/** What kernels and images of Windows are for. */
export type Processor = "x86" | "x86_64" | "arm64";

/** By firmware, in one order: the order in which the keys of a map come is nothing that a file may depend on. */
export const byFirmware = <T>(loaders: Partial<Record<Firmware, T>>): [Firmware, T][] => FIRMWARES.flatMap((firmware): [Firmware, T][] => (loaders[firmware] === undefined ? [] : [[firmware, loaders[firmware]]]));

/** Something of a master, for others of the same master. States of older versions do not say of which. */
interface OnMaster {
  masterName?: string;
}

export interface PoolRef extends OnMaster {
  name: string;
  mode: "authoritative" | "proxy";
  subnet: string;
  range?: string;
  /** Addresses of the subnet that are someone's. */
  reserved: string[];
}

export interface FileRef {
  name: string;
  sha256: string;
}

export interface ImageRef extends OnMaster {
  name: string;
  digest: string;
  kernel: FileRef;
  initrds: FileRef[];
  cmdline: string;
  machine?: Processor;
}

export interface DiskImageRef extends OnMaster {
  name: string;
  /** SHA-256 of the source. */
  digest: string;
  /** Bytes unpacked, where that is known before the master has looked. */
  size?: number;
}

export interface VolumeRef extends OnMaster {
  name: string;
  /** Bytes, where that is known before the master has looked. */
  size?: number;
  generation?: number;
  /** How many earlier generations it keeps. */
  history?: number;
}

/** A disk by what cannot be another one's; `name` is the kernel's, and means what it means at that boot. */
export type DiskChoice = "only" | { serial: string } | { wwn: string } | { id: string } | { size: string } | { name: string };

export interface CloneBoot {
  kind: "clone";
  image: DiskImageRef;
  disk: DiskChoice;
  generation: number;
  overwrite: boolean;
  verify: "full" | "sampled" | "stream";
  expand: "none" | "last";
  hostname?: string;
  transport: "unicast" | "multicast" | "auto";
  then: "reboot" | "poweroff" | "shell";
  onFailure: "wait" | "reboot" | "poweroff";
}

export interface CaptureBoot extends Pick<CloneBoot, "disk" | "generation" | "then" | "onFailure"> {
  kind: "capture";
  /** Of the image: a folder on the master. */
  name: string;
}

export interface InstallerRef extends OnMaster {
  name: string;
  digest: string;
  family: "debian" | "ubuntu" | "redhat" | "ignition" | "custom";
  /** Paths in the master's URLs. */
  kernel: string;
  initrds: string[];
  /** A template, as the next one. */
  cmdline: string;
  template: string;
  /** The file that the template comes from. */
  place?: string;
  answers?: Record<string, string | number | boolean>;
}

export interface InstallBoot extends Pick<CloneBoot, "disk" | "generation" | "overwrite" | "onFailure"> {
  kind: "install";
  installer: InstallerRef;
  answers: Record<string, string | number | boolean>;
  /** How many more times it may begin. */
  retries: number;
  then: "reboot" | "poweroff";
}

/** A machine's own copy of a volume. */
export interface Copy {
  volume: VolumeRef;
  /** Of which generation of the volume; the present one by default. */
  at?: number;
  persist: "keep" | "discard";
  generation: number;
  retain: boolean;
}

export interface DataDisk extends Copy {
  lun: number;
  access: "write" | "read";
}

export interface DisklessBoot extends Copy {
  kind: "diskless";
  dataDisks?: DataDisk[];
}

export interface MenuRef extends OnMaster {
  name: string;
  /** Names of the menus that can be reached from it. */
  reaches: string[];
  /** Disks of the master that it or one of those offers. */
  disks?: DisklessBoot[];
  /** Its entries, each with the roles that see it; none means everybody. Missing where nothing but the name is known. */
  entries?: Record<string, string[]>;
  /** Roles that entries of it or of those below are for. */
  roles?: string[];
  /** Hot keys of it and of those below, each with its menu and entry. */
  keys?: Record<string, string>;
  /** Has it a password? */
  locked?: boolean;
}

export interface WinPeRef extends OnMaster {
  name: string;
  digest: string;
  /** Path in URLs of what wimboot is given. */
  folder: string;
  wimboot: FileRef;
  machine?: Processor;
  index?: number;
  gui?: boolean;
}

export interface WinPeBoot {
  kind: "winpe";
  image: WinPeRef;
  /** To install onto: a disk of the master, the machine's first one meanwhile. */
  disk?: DisklessBoot;
}

/** A menu as one machine or group sees it. */
export interface MenuBoot {
  kind: "menu";
  menu: MenuRef;
  default?: string;
  timeout?: number;
  roles?: string[];
}

/** A machine as templates of its own files know it. */
export interface Templated {
  name: string;
  master: MasterRef;
  mac?: string;
  uuid?: string;
  serial?: string;
  address?: string;
  hostname?: string;
  boot: Boot;
}

export type Boot =
  | ({ kind: "local" } & Partial<LocalBoot>)
  | MenuBoot
  | { kind: "kernel"; image: ImageRef; cmdline?: string; append?: string }
  | CloneBoot
  | CaptureBoot
  | InstallBoot
  | DisklessBoot
  | WinPeBoot
  | { kind: "memtest"; cmdline: string }
  | { kind: "rescue" | "hardware" | "reboot" | "poweroff" | "shell" }
  | { kind: "chain"; url: string };

/** A local file as the SDK describes it. */
export interface Blob {
  path: string;
  name: string;
  sha256?: string;
  size?: number;
  expected?: string;
  problem?: string;
  /** What the header of a kernel says. */
  machine?: Processor;
}
