import { kernelProblems, normalisedKernel } from "./kernel";
import type { Problem } from "../resource";
import { volumesProblems } from "./volumes";
import { hasUnknown } from "../unknown";
import type { Boot, Copy, DataDisk, DisklessBoot, InstallBoot, MasterRef, VolumeRef } from "./types";

/** tgt keeps 0 for itself, and LIO tells there which there are. A machine's own disk is always this one, whatever else it is offered. */
const OWN = 1;

/** The seed of a machine, beside its disks. */
export const SEED_LUN = 255;

/** The disks that a machine may boot from, or install onto: its boot's own, or those of all menus that it can reach. */
export function disksOf(boot: Boot): DisklessBoot[] {
  if (boot?.kind === "diskless") return [boot];
  if (boot?.kind === "winpe") return boot.disk ? [boot.disk] : [];
  if (boot?.kind === "install") return [ontoVolume(boot.disk)].filter((disk) => disk !== undefined);
  return boot?.kind === "menu" ? (boot.menu?.disks ?? []) : [];
}

/** The disk of the master that an installation goes to, if it is one. */
export const ontoVolume = (disk: InstallBoot["disk"]): DisklessBoot | undefined => (typeof disk === "object" && disk !== null && "kind" in disk && disk.kind === "diskless" ? disk : undefined);

/** For a message, of a boot that has disks: "boot is …". */
export function diskWords(boot: Boot): string {
  if (boot.kind === "menu") return `the menu "${boot.menu.name}", which offers a disk of the master`;
  if (boot.kind === "install") return `an installation of ${boot.installer.name} onto a disk of the master`;
  return boot.kind === "winpe" ? `Windows PE ${boot.image.name} with a disk of the master` : "a disk of the master";
}

/** What is offered for such a boot, the disk that it boots from first. */
export const offered = ({ kind: _, kernel: __, dataDisks, ...own }: DisklessBoot): DataDisk[] => [{ ...own, lun: OWN, access: "write" }, ...(dataDisks ?? [])];

/** Does its machine ask the master for fresh disks when it boots? */
export const asks = (boot: DisklessBoot): boolean => offered(boot).some(({ persist, when }) => persist === "discard" || when === "nextBoot");

/** A machine's copy of a volume; no volume's own name has a plus sign. */
export const copyOf = (machine: string, volume: string) => `${volume}+${machine}`;

/** What is wrong with these disks, and with the kernel that one is the root of, whatever machine has them. */
export function copyProblems(boot: DisklessBoot, property: string): Problem[] {
  const field = (i: number) => (i ? `${property}.dataDisks[${i - 1}]` : property);
  const all = offered(boot);
  return [...(boot.kernel ? kernelProblems(boot.kernel, `${property}.kernel`) : []), ...all.flatMap((disk, i) => {
    const { volume, lun, persist, when, retain } = disk;
    const same = all.findIndex((other) => other.volume.name === volume.name);
    const taken = all.findIndex((other) => other.lun === lun);
    const say = (name: string, reason: string): Problem[] => [{ property: `${field(i)}.${name}`, reason: `${field(i)}.${name} is ${reason}` }];
    return [
      ...(same < i ? say("volume", `${volume.name}, and so is ${field(same)}.volume: a machine has one copy of a volume; give another volume, which may be a copy of this one.`) : []),
      ...(taken < i ? say("lun", `${lun}, and so is ${field(taken)}.lun: each disk has a number of its own; write another one.`) : []),
      ...atProblems(volume, disk.at, `${field(i)}.at`),
      ...(persist === "discard" && retain ? say("retain", `true, and persist is "discard": what is on the copy of ${volume.name} is thrown away at each boot, and nothing of it worth keeping; leave retain out, or write persist: "keep".`) : []),
      ...(persist === "discard" && when === "nextBoot" ? say("when", `"nextBoot", and persist is "discard": the copy of ${volume.name} is made anew at each boot as it is; leave when out, or write persist: "keep".`) : []),
    ];
  })];
}

/** A disk that something is installed onto: kept, and there already. What a machine needs for one is the disk's own to say. */
export function attachedProblems(disk: DisklessBoot, property: string, master: MasterRef | undefined, who: string): Problem[] {
  const asking = offered(disk).flatMap(({ persist, when }, i): Problem[] => {
    const at = i ? `${property}.dataDisks[${i - 1}]` : property;
    const [field, value, mend] = persist === "discard" ? ["persist", persist, 'write persist: "keep"'] : ["when", when, "leave when out"];
    if (persist !== "discard" && when !== "nextBoot") return [];
    const why = field === "persist" && !i ? "what is installed on it would be thrown away at the machine's next boot" : `it is copied anew when a boot asks the master for that, and ${who} starts with the disks that are there`;
    return [{ property: `${at}.${field}`, reason: `${at}.${field} is ${JSON.stringify(value)}, and ${why}: ${mend}${i ? ", until the system is installed" : ""}.` }];
  });
  const kernel: Problem[] = disk.kernel ? [{ property: `${property}.kernel`, reason: `${property}.kernel is ${disk.kernel.image.name}, and ${who} is started in its place: leave kernel out, until the system is installed.` }] : [];
  return [...volumesProblems("it is a disk of the master", property, master), ...copyProblems(disk, property), ...asking, ...kernel];
}

/** A generation of a volume that it has not, or has no more. */
export function atProblems({ name, generation, history = 0 }: VolumeRef, at: number | undefined, property: string): Problem[] {
  if (at === undefined || generation === undefined || (at <= generation && at >= generation - history)) return [];
  const kept = history ? `the ${history} before it` : "none before it";
  return [{ property, reason: `${property} is ${at}, and ${name} is of generation ${generation} and keeps ${kept}: write ${generation}${at < generation ? `, leave it out, or raise the history of ${name} before it gets on` : " or leave it out"}.` }];
}

/**
 * Which generation a volume is of matters to whoever says which one is meant, and to whoever takes it at the next boot; a copy that is kept stays what it is, and its machine
 * is not to be updated whenever its volume gets on.
 */
export function normalisedDisks(boot: DisklessBoot): DisklessBoot {
  const known = <T extends Copy>(disk: T): T => {
    if (disk?.persist === "discard" || disk?.at !== undefined || typeof disk?.volume !== "object") return disk;
    const { generation, history, ...volume } = disk.volume;
    return hasUnknown([generation, history]) ? disk : { ...disk, volume };
  };
  const { dataDisks, kernel } = boot;
  return { ...known(boot), ...(typeof kernel === "object" && { kernel: normalisedKernel(kernel) }), ...(Array.isArray(dataDisks) && { dataDisks: dataDisks.map(known) }) };
}

/** One volume in two menu entries is one disk, and one to boot from has one target: both must mean the same by it. */
export function disagreeing(boots: readonly DisklessBoot[]): string | undefined {
  const said = new Map<string, string>();
  const torn = (key: string, words: unknown) => {
    const text = JSON.stringify(words);
    const before = said.get(key) ?? text;
    said.set(key, before);
    return before !== text;
  };
  for (const boot of boots) {
    if (torn(`boot ${boot.volume.name}`, offered(boot).map(({ volume, lun, access }) => [volume.name, lun, access]))) return boot.volume.name;
    for (const { volume, at, persist, generation, when, retain } of offered(boot)) if (torn(volume.name, [at, persist, generation, when, retain])) return volume.name;
  }
  return undefined;
}

/** What becomes of a copy, for a reviewer. */
export function fate({ volume, at, persist, generation, when, access }: DataDisk): string {
  const which = at !== undefined ? `generation ${at} of ${volume.name}` : volume.name;
  if (persist === "discard") {
    const then = at !== undefined ? which : `${which} as it is then${volume.generation === undefined ? "" : `, now generation ${volume.generation}`}`;
    return access === "read" ? then : `what the machine writes is DISCARDED at each boot, for a copy of ${then}`;
  }
  if (when === "nextBoot" && generation > 1) return `generation ${generation} from this boot on, if it is of a lower one: what is on that is DISCARDED then, once, and ${which} copied anew as it is then`;
  const lost = generation > 1 && access === "write" ? `: what the machine wrote to a lower one is DISCARDED by \`up\`, and ${which} copied anew` : at !== undefined ? `, a copy of ${which}` : "";
  return `generation ${generation}${lost}`;
}
