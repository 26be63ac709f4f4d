import type { Problem } from "../resource";
import { attachedProblems } from "./disks";
import type { MasterRef, WinPeBoot } from "./types";

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
  /** Is the disk on the machine's own network? */
  near: boolean;
}

export function winpeJob({ image, disk }: WinPeBoot, wimboot: string, near: boolean): WinPeJob {
  const { folder, index, gui } = image;
  const words = [...(gui ? ["gui"] : []), ...(index === undefined ? [] : [`index=${index}`])];
  return { kind: "winpe", wimboot, arguments: words.join(" "), folder, files: FILES, volume: disk?.volume.name ?? "", near };
}

export const winpeProblems = ({ disk }: WinPeBoot, property: string, master: MasterRef | undefined): Problem[] => (disk ? attachedProblems(disk, `${property}.disk`, master, "Windows PE") : []);

export function winpeSummary({ image, disk }: WinPeBoot): string[] {
  const { name, digest, machine, index } = image;
  const which = [machine, index === undefined ? undefined : `image ${index}`].filter((words) => words !== undefined).join(", ");
  return [`Windows PE ${name} sha256:${digest.slice(0, 12)}${which ? ` (${which})` : ""}${disk ? `, with ${disk.volume.name} as its first disk` : ""}; then whatever its start script does`];
}
