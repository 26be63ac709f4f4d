// The lab: a real master and real PXE clients, in containers.
export { Client, type ClientOptions, startClient } from "./client.ts";
export { type DhcpAnswer } from "./dhcpPacket.ts";
export * as dhcp from "./dhcpProbe.ts";
export { marker } from "./disk/code.ts";
export { bootableDisk, espLabel } from "./disk/image.ts";
export { until } from "./exec.ts";
export * as fault from "./fault.ts";
export { type ForeignDhcp, startForeignDhcp } from "./foreignDhcp.ts";
export { type Lab, openLab } from "./lab.ts";
export { type Master, startMaster } from "./master.ts";
export { type LabNetwork } from "./network.ts";
export { sweep } from "./owner.ts";
export { type Difference, differences, inWords, type Snapshot } from "./snapshot.ts";
export { type Stage, type StageSeen, stages } from "./stages.ts";
