/** What a machine or a menu entry boots: `boot.local()`, `boot.kernel(image)`, `boot.menu(menu)`, `boot.shell()`, `boot.chain(url)`. */
export * as boot from "./boot";
export type { Boot, DataDisk } from "./boot";
export { BootMenu, type BootMenuArgs, type BootMenuEntry } from "./bootMenu";
export type { CloudInit, SeedPart, TextFile } from "./cloudInit";
export type { Connection } from "./connection";
export { DhcpPool, type DhcpPoolArgs } from "./dhcpPool";
export { DiskImage, type DiskImageArgs, type ImageSource } from "./diskImage";
export { Fleet, type FleetArgs, type FleetMachine } from "./fleet";
export { KernelImage, type KernelImageArgs } from "./kernelImage";
export type { FileSource } from "./localFile";
export { Machine, type MachineArgs } from "./machine";
export { MachineGroup, type MachineGroupArgs } from "./machineGroup";
export type { Power } from "./power";
export type { Master } from "./resource";
export { MasterServer, type MasterServerArgs } from "./masterServer";
export { Volume, type VolumeArgs } from "./volume";
export { WinPeImage, type WinPeImageArgs } from "./winPeImage";
export type { MediaSource } from "./winPeFiles";
