import { cloneProblems, diskProblems, imagingProblems } from "./clone";
import { copyProblems, normalisedDisks, ontoVolume } from "./disks";
import { installProblems } from "../install/order";
import { kernelProblems, normalisedKernel, oneSpaced } from "./kernel";
import { menuProblems } from "./menu";
import type { Problem } from "../resource";
import { volumesProblems } from "./volumes";
import { winpeProblems } from "./winpe";
import { quoted } from "../words";
import type { Blob, Boot, LocalBoot, MasterRef } from "./types";

/** Command lines with single spaces, and of disks what matters, in a boot wherever it stands. */
export function normalisedBoot(boot: Boot): Boot {
  if (boot?.kind === "diskless") return normalisedDisks(boot);
  if (boot?.kind === "winpe") return typeof boot.disk === "object" ? { ...boot, disk: normalisedDisks(boot.disk) } : boot;
  if (boot?.kind === "install") return ontoVolume(boot.disk) ? { ...boot, disk: normalisedDisks(ontoVolume(boot.disk)!) } : boot;
  if (boot?.kind === "memtest") return typeof boot.cmdline === "string" ? { ...boot, cmdline: oneSpaced(boot.cmdline) } : boot;
  return boot?.kind === "kernel" ? normalisedKernel(boot) : boot;
}

export function bootProblems(boot: Boot, property: string, local: LocalBoot, master?: MasterRef): Problem[] {
  if (boot.kind === "clone") return cloneProblems(boot, property, master);
  if (boot.kind === "install") return installProblems(boot, property, master);
  if (boot.kind === "rescue") return imagingProblems("the rescue system", property, master);
  if (boot.kind === "capture") return [...imagingProblems(`a capture of ${boot.name}`, property, master), ...diskProblems(boot.disk, `${property}.disk`)];
  if (boot.kind === "diskless") return [...volumesProblems("it is a disk of the master", property, master), ...copyProblems(boot, property)];
  if (boot.kind === "winpe") return winpeProblems(boot, property, master);
  if (boot.kind === "menu") return menuProblems(boot, property);
  if (boot.kind === "local") return localProblems({ ...local, ...boot }, property);
  return boot.kind === "kernel" ? kernelProblems(boot, property) : [];
}

/** What is for a choice in a menu alone. */
export const choiceProblems = ({ kind }: Boot, property: string): Problem[] =>
  kind === "reboot" || kind === "poweroff" ? [{ property, reason: `${property} is a ${kind}, after which the machine would come to the same again: give it to an entry of a BootMenu.` }] : [];

/** A method that another field belongs to. */
export function localProblems({ method, volume, loader }: LocalBoot, property: string): Problem[] {
  if (volume && method !== "chain")
    return [{ property: `${property}.volume`, reason: `${property}.volume is "${volume}", but only method "chain" starts a loader from a volume and the method is "${method}": set method: "chain" or leave volume out.` }];
  if (method === "chain" && !/\.efi$/i.test(loader))
    return [{ property: `${property}.loader`, reason: `${property}.loader is "${loader}", and must be an EFI program: write its path on the disk, for example "/EFI/debian/grubx64.efi".` }];
  return [];
}

/** A local file that cannot be read, or is not the one that the program means. */
export function blobProblems({ path, sha256, size, expected, problem }: Blob, property: string): Problem[] {
  if (problem) return [{ property, reason: `${property} is ${quoted(path)}, which could not be read (${problem.replace(/\s+/g, " ")}): give the path of a file, absolute or relative to the program.` }];
  if (!sha256 || size === undefined) return [{ property, reason: `${property} is ${quoted(path)} without a digest and a size: pass the path of a file and let the SDK compute them.` }];
  if (expected && expected !== sha256)
    return [{ property, reason: `${property} is ${quoted(path)}, whose SHA-256 is ${sha256} and not ${expected} as the program says: put the right file there or correct the digest.` }];
  return size === 0 ? [{ property, reason: `${property} is ${quoted(path)}, which is empty: give a file with content.` }] : [];
}
