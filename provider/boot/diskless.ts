import type { HostState, TargetSpec, VolumeSpec } from "../engine/state";
import { storeOf } from "../engine/volumes/store";
import type { Problem } from "../resource";
import { HTTP } from "./script";
import type { Boot, DisklessBoot, MasterRef } from "./types";
import { freshPath, volumePath, volumesProblems } from "./volumes";

/** A machine as its disks see it. */
interface Diskless {
  name: string;
  master: MasterRef;
  address?: string;
  boot: Boot;
}

/** tgt keeps 0 for itself. A machine's own disk is always this one, whatever else it is offered. */
const LUN = "1";

/** The disks that a machine may boot from: its boot's own, or those of all menus that it can reach. */
export const disksOf = (boot: Boot): DisklessBoot[] => (boot?.kind === "diskless" ? [boot] : boot?.kind === "menu" ? (boot.menu?.disks ?? []) : []);

/** A machine's copy of a volume; no volume's own name has a plus sign. */
export const copyOf = (machine: string, volume: string) => `${volume}+${machine}`;

/** Each disk is a copy of its volume, offered by a target of its own, to this machine's address alone. */
export function disklessState({ name, master, address, boot }: Diskless): Pick<HostState, "volumes" | "targets"> & { files?: Record<string, string> } {
  const disks = disksOf(boot);
  if (!disks.length) return {};
  const { driver, iqn } = master.storage!;
  const volumes: Record<string, VolumeSpec> = {};
  const targets: Record<string, TargetSpec> = {};
  const files: Record<string, string> = {};
  for (const { volume, persist, generation, retain } of disks) {
    const path = volumePath(master, copyOf(name, volume.name));
    const target = `${iqn}:${name}:${volume.name}`;
    const discard = persist === "discard";
    volumes[path] = { driver, from: { volume: volumePath(master, volume.name) }, generation, ...(retain && { retain }), ...(discard && { discard }) };
    targets[target] = {
      luns: { [LUN]: storeOf(driver, path, generation) }, address: address ?? "", initiator: `${iqn}:${name}`, user: copyOf(name, volume.name), portal: master.address,
      script: `${HTTP}/san/${address}-${volume.name}.ipxe`,
    };
    if (discard) files[freshPath(address ?? "", volume.name)] = lines({ target, disk: copyOf(name, volume.name), generation, from: volume.name });
  }
  return { volumes, targets, files };
}

/** What the master needs to know to copy a disk anew, for whoever asks from that address. */
const lines = (values: Record<string, string | number>) => Object.entries(values).map(([key, value]) => `${key} ${value}\n`).join("");

export function disklessProblems({ name, master, address, boot }: Diskless): Problem[] {
  const disks = disksOf(boot);
  if (!disks.length) return [];
  const what = boot.kind === "menu" ? `boot is the menu "${boot.menu.name}", which offers a disk of the master` : "boot is a disk of the master";
  const fault = (property: string, reason: string): Problem => ({ property, reason });
  return [
    ...volumesProblems(what, "boot", master),
    ...(boot.kind === "diskless" ? copyProblems(boot, "boot") : []),
    ...(address ? [] : [fault("address", `address is missing, and ${what}, which is offered to one address alone: give the machine a mac, a pool and an address.`)]),
    ...(/^[a-z0-9][a-z0-9.-]*$/.test(name) ? [] : [fault("name", `name is "${name}", and ${what}, for which it becomes part of an iSCSI name: write it in lower-case letters, digits, hyphens and dots.`)]),
  ];
}

/** What is wrong with a disk whatever machine has it. */
export const copyProblems = ({ persist, retain, volume }: DisklessBoot, property: string): Problem[] =>
  persist === "discard" && retain ? [{ property: `${property}.retain`, reason: `${property}.retain is true, and persist is "discard": what is on the copy of ${volume.name} is thrown away at each boot, and nothing of it worth keeping; leave retain out, or write persist: "keep".` }] : [];

/** One volume in two menu entries is one disk: both must mean the same by it. */
export function disagreeing(disks: readonly DisklessBoot[]): string | undefined {
  const first = new Map<string, string>();
  for (const { volume, persist, generation, retain } of disks) {
    const said = `${persist} ${generation} ${retain}`;
    if ((first.get(volume.name) ?? said) !== said) return volume.name;
    first.set(volume.name, said);
  }
  return undefined;
}

/** For a reviewer: which disk, of which generation, and what is lost. */
export const disklessSummary = ({ name, boot }: Pick<Diskless, "name" | "boot">): string[] =>
  disksOf(boot).flatMap(({ volume, persist, generation }) => [
    `disk ${copyOf(name, volume.name)} by iSCSI: this machine's own copy of ${volume.name}, ${persist === "keep" ? "kept" : "made anew at each boot"}`,
    persist === "discard" ? `what the machine writes is DISCARDED at each boot, and ${volume.name} copied as it is then`
      : `generation ${generation}${generation > 1 ? `: what the machine wrote to a lower one is DISCARDED by \`up\`, and ${volume.name} copied anew` : ""}`,
  ]);
