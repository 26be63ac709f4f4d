// The lab: a real master and real PXE clients, in containers.
//
//   const lab = await openLab();                                             // a network of its own
//   const master = await startMaster(lab, { debian: 12 });                   // plain Debian; SSH at master.host
//   const before = await master.snapshot();
//   …                                                                        // converge it
//   const client = await startClient(lab, { name: "desk", firmware: "uefi", mac: "52:54:00:00:00:01", disk: bootableDisk() });
//   await client.waitFor("up");                                              // or "local", or a line: /iPXE>/
//   client.cmdline();
//   differences(before, await master.snapshot());
//   await lab.close();                                                       // also at Ctrl-C and at the end of the process
export { type Bmc, startBmc } from "./bmc.ts";
export { type Client, type ClientOptions, startClient } from "./client.ts";
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
export { type Relay, startRelay } from "./relay.ts";
export { type Difference, differences, inWords, type Snapshot } from "./snapshot.ts";
export { type Stage, type StageSeen, stages } from "./stages.ts";
