import type { HostState, TargetSpec, VolumeSpec } from "../engine/state";
import { daemonOf, storeOf } from "../engine/volumes/store";
import type { Problem } from "../resource";
import { asks, copyOf, copyProblems, disksOf, diskWords, fate, offered, SEED_LUN } from "./disks";
import { HTTP } from "./script";
import type { Boot, DataDisk, DisklessBoot, MasterRef } from "./types";
import { freshPath, volumePath, volumesProblems } from "./volumes";

/** A machine as its disks see it. */
interface Diskless {
  name: string;
  master: MasterRef;
  address?: string;
  boot: Boot;
  /** Where the volume with its seed is on the master, if it is to find one. */
  seed?: string;
}

/** Each disk is a copy of its volume, offered to this machine's address alone; those of one boot by one target. */
export function disklessState({ name, master, address = "", boot, seed }: Diskless): Pick<HostState, "volumes" | "targets"> & { files?: Record<string, string> } {
  const boots = disksOf(boot);
  if (!boots.length) return {};
  const copies = boots.flatMap(offered);
  const asking = boots.filter(asks);
  return {
    volumes: Object.fromEntries(copies.map((disk) => [pathOf(master, name, disk), copySpec(master, disk)])),
    targets: Object.fromEntries(boots.map((disk) => [targetOf(master, name, disk), targetSpec(master, name, address, disk, seed)])),
    ...(asking.length && { files: Object.fromEntries(asking.map((disk) => [freshPath(address, disk.volume.name), freshText(master, name, disk)])) }),
  };
}

const pathOf = (master: MasterRef, name: string, { volume }: DataDisk) => volumePath(master, copyOf(name, volume.name));
/** Bytes of an iSCSI name, at most (RFC 7143, 4.2.7; RFC 3720, 3.2.6). */
const NAME = 223;

/** The iSCSI name of what a machine boots from. */
export const targetOf = ({ storage }: MasterRef, name: string, { volume }: DisklessBoot) => `${storage!.iqn}:${name}:${volume.name}`;

const copySpec = (master: MasterRef, { volume, at, persist, generation, when, retain }: DataDisk): VolumeSpec => ({
  driver: master.storage!.driver, from: { volume: volumePath(master, volume.name), ...(at !== undefined && { at }) }, generation, ...(retain && { retain }), ...(persist === "discard" && { discard: true }), ...(when === "nextBoot" && { atBoot: true }),
});

function targetSpec(master: MasterRef, name: string, address: string, boot: DisklessBoot, seed: string | undefined): TargetSpec {
  const { driver, iqn } = master.storage!;
  const disks = offered(boot);
  const atBoot = disks.flatMap(({ lun, when }) => (when === "nextBoot" ? [String(lun)] : []));
  const readOnly = disks.flatMap(({ lun, access }) => (access === "read" ? [String(lun)] : []));
  return {
    ...(daemonOf(driver) === "lio" && { by: "lio" as const }),
    luns: Object.fromEntries(disks.map((disk) => [String(disk.lun), storeOf(pathOf(master, name, disk), disk.generation)])), ...(readOnly.length && { readOnly }), ...(atBoot.length && { atBoot }), ...(seed !== undefined && { media: { [SEED_LUN]: seed } }),
    address, initiator: `${iqn}:${name}`, user: copyOf(name, boot.volume.name), portal: master.address, script: `${HTTP}/san/${address}-${boot.volume.name}.ipxe`,
  };
}

/** What the master needs to know to copy disks anew, each time or once for a generation, for whoever asks from that address. */
function freshText(master: MasterRef, name: string, boot: DisklessBoot): string {
  const disks = offered(boot).filter(({ persist, when }) => persist === "discard" || when === "nextBoot");
  return [`target ${targetOf(master, name, boot)}`, ...disks.map(({ volume, at, persist, generation }) => `${persist === "discard" ? "disk" : "once"} ${copyOf(name, volume.name)} ${generation} ${volume.name}${at === undefined ? "" : ` ${at}`}`), ""].join("\n");
}

export function disklessProblems({ name, master, address, boot }: Diskless): Problem[] {
  if (!disksOf(boot).length) return [];
  const what = `boot is ${diskWords(boot)}`;
  const fault = (property: string, reason: string): Problem => ({ property, reason });
  return [
    ...(boot.kind === "winpe" || boot.kind === "install" ? [] : volumesProblems(what, "boot", master)),
    ...(boot.kind === "diskless" ? copyProblems(boot, "boot") : []),
    ...(address ? [] : [fault("address", `address is missing, and ${what}, which is offered to one address alone: give the machine a mac, a pool and an address.`)]),
    ...(/^[a-z0-9][a-z0-9.-]*$/.test(name) ? [] : [fault("name", `name is "${name}", and ${what}, for which it becomes part of an iSCSI name: write it in lower-case letters, digits, hyphens and dots.`)]),
    ...(master.storage ? disksOf(boot) : []).flatMap((disk) => {
      const { length } = targetOf(master, name, disk);
      return length > NAME ? [fault("name", `name is "${name}", and with the master's storage.iqn and the volume's name ${disk.volume.name} it becomes an iSCSI name of ${length} bytes, of which there may be ${NAME}: shorten one of the three.`)] : [];
    }),
  ];
}

/** For a reviewer: which disks, of which generation, and what is lost. */
export const disklessSummary = ({ name, boot }: Pick<Diskless, "name" | "boot">): string[] =>
  disksOf(boot).flatMap(offered).flatMap((disk) => {
    const { volume, persist, lun, access } = disk;
    const place = lun === 1 ? "by iSCSI" : `beside it as LUN ${lun}${access === "read" ? ", read-only" : ""}`;
    return [`disk ${copyOf(name, volume.name)} ${place}: this machine's own copy of ${volume.name}, ${persist === "keep" ? "kept" : "made anew at each boot"}`, fate(disk)];
  });
