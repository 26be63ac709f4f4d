import type { Problem } from "../resource";
import type { Boot, DataDisk, DisklessBoot } from "./types";

/** tgt keeps 0 for itself. A machine's own disk is always this one, whatever else it is offered. */
const OWN = 1;

/** The disks that a machine may boot from: its boot's own, or those of all menus that it can reach. */
export const disksOf = (boot: Boot): DisklessBoot[] => (boot?.kind === "diskless" ? [boot] : boot?.kind === "menu" ? (boot.menu?.disks ?? []) : []);

/** What is offered for such a boot, the disk that it boots from first. */
export const offered = ({ dataDisks, volume, persist, generation, retain }: DisklessBoot): DataDisk[] => [{ volume, persist, generation, retain, lun: OWN, access: "write" }, ...(dataDisks ?? [])];

/** Is anything of it copied anew at each boot? */
export const discards = (boot: DisklessBoot): boolean => offered(boot).some(({ persist }) => persist === "discard");

/** A machine's copy of a volume; no volume's own name has a plus sign. */
export const copyOf = (machine: string, volume: string) => `${volume}+${machine}`;

/** What is wrong with these disks whatever machine has them. */
export function copyProblems(boot: DisklessBoot, property: string): Problem[] {
  const field = (i: number) => (i ? `${property}.dataDisks[${i - 1}]` : property);
  const all = offered(boot);
  return all.flatMap((disk, i) => {
    const { volume, lun, persist, retain } = disk;
    const same = all.findIndex((other) => other.volume.name === volume.name);
    const taken = all.findIndex((other) => other.lun === lun);
    const say = (name: string, reason: string): Problem[] => [{ property: `${field(i)}.${name}`, reason: `${field(i)}.${name} is ${reason}` }];
    return [
      ...(same < i ? say("volume", `${volume.name}, and so is ${field(same)}.volume: a machine has one copy of a volume; give another volume, which may be a copy of this one.`) : []),
      ...(taken < i ? say("lun", `${lun}, and so is ${field(taken)}.lun: each disk has a number of its own; write another one.`) : []),
      ...(persist === "discard" && retain ? say("retain", `true, and persist is "discard": what is on the copy of ${volume.name} is thrown away at each boot, and nothing of it worth keeping; leave retain out, or write persist: "keep".`) : []),
    ];
  });
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
    for (const { volume, persist, generation, retain } of offered(boot)) if (torn(volume.name, [persist, generation, retain])) return volume.name;
  }
  return undefined;
}

/** What becomes of a copy, for a reviewer. */
export const fate = ({ volume, persist, generation, access }: DataDisk): string =>
  access === "read" ? (persist === "discard" ? `${volume.name} as it is then` : `generation ${generation}`)
    : persist === "discard" ? `what the machine writes is DISCARDED at each boot, and ${volume.name} copied as it is then`
    : `generation ${generation}${generation > 1 ? `: what the machine wrote to a lower one is DISCARDED by \`up\`, and ${volume.name} copied anew` : ""}`;
