import type { Problem } from "../resource";
import { asks, copyProblems, discards } from "./disks";
import type { MasterRef, WinPeBoot } from "./types";
import { volumesProblems } from "./volumes";

/** What wimboot looks for, by name; the boot managers it takes out of boot.wim. */
const FILES = ["BCD", "boot.sdi", "boot.wim"];

/** Windows PE as templates render it. `volume` is empty without a disk of the master. */
export interface WinPeJob {
  kind: "winpe";
  wimboot: string;
  arguments: string;
  folder: string;
  files: string[];
  volume: string;
}

export function winpeJob({ image, disk }: WinPeBoot, wimboot: string): WinPeJob {
  const { folder, index, gui } = image;
  const words = [...(gui ? ["gui"] : []), ...(index === undefined ? [] : [`index=${index}`])];
  return { kind: "winpe", wimboot, arguments: words.join(" "), folder, files: FILES, volume: disk?.volume.name ?? "" };
}

/** Of its disk what is wrong by itself; what a machine needs for one is the disk's own to say. */
export function winpeProblems({ disk }: WinPeBoot, property: string, master: MasterRef | undefined): Problem[] {
  if (!disk) return [];
  const thrown = discards(disk) ? [{ property: `${property}.disk`, reason: `${property}.disk has persist: "discard", and what is installed on it would be thrown away at the machine's next boot: write persist: "keep".` }] : [];
  const late = !thrown.length && asks(disk) ? [{ property: `${property}.disk`, reason: `${property}.disk has when: "nextBoot", and Windows PE starts with the disk that is there: leave when out.` }] : [];
  return [...volumesProblems("it is a disk of the master", `${property}.disk`, master), ...copyProblems(disk, `${property}.disk`), ...thrown, ...late];
}

export function winpeSummary({ image, disk }: WinPeBoot): string[] {
  const { name, digest, machine, index } = image;
  const which = [machine, index === undefined ? undefined : `image ${index}`].filter((words) => words !== undefined).join(", ");
  return [`Windows PE ${name} sha256:${digest.slice(0, 12)}${which ? ` (${which})` : ""}${disk ? `, with ${disk.volume.name} as its first disk` : ""}; then whatever its start script does`];
}
