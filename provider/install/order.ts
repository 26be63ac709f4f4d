import { diskProblems, diskText, job, which } from "../boot/clone";
import { attachedProblems, ontoVolume } from "../boot/disks";
import { targetOf } from "../boot/diskless";
import type { DiskChoice, InstallBoot, MasterRef } from "../boot/types";
import type { Problem } from "../resource";

/** What an installation's order says (docs/cloning-protocol.md) but for the nonce and the site, which the host draws. */
export const installJob = (machine: string, boot: InstallBoot, master: MasterRef): string => {
  const { installer, generation, overwrite, retries, then, onFailure } = boot;
  return job(machine, generation, [["do", "install"], ["image", installer.digest], ["family", installer.family], ["disk", orderedDisk(machine, boot, master)], ["overwrite", overwrite ? "yes" : "no"], ["retries", String(retries)], ["then", then], ["failure", onFailure]]);
};

function orderedDisk(machine: string, { disk }: InstallBoot, master: MasterRef): string {
  const volume = ontoVolume(disk);
  return volume ? `target=${targetOf(master, machine, volume)}` : diskText(disk as DiskChoice);
}

export function installProblems({ installer, disk }: InstallBoot, property: string, master: MasterRef | undefined): Problem[] {
  const deaf = master && !master.installers;
  const volume = ontoVolume(disk);
  return [
    ...(deaf ? [{ property, reason: `${property} is an installation of ${installer.name}, and master "${master.name}" takes no orders for any: give the MasterServer installers: true.` }] : []),
    ...(volume ? attachedProblems(volume, `${property}.disk`, master, "the installer") : diskProblems(disk as DiskChoice, `${property}.disk`)),
  ];
}

/** What an installation does, in lines for a reviewer. */
export function installSummary({ installer, disk, generation, overwrite, retries, then }: InstallBoot): string[] {
  const volume = ontoVolume(disk);
  const erased = volume ? `its copy of ${volume.volume.name} on the master` : which(disk as DiskChoice);
  const again = retries ? `, and up to ${retries} more ${retries === 1 ? "time" : "times"} if that does not come to its end` : "";
  return [
    `if generation ${generation} is not done: ERASES ${erased}${overwrite ? ", whatever is on it" : ", if it is blank or ours"}${again}`,
    `and installs ${installer.name} (${installer.family}) sha256:${installer.digest.slice(0, 12)} on it, then ${then}; from then on, ${volume ? "that disk" : "local disk"}`,
  ];
}

/** The tokens of its order, in the order in which they are taken: one for each time that it may begin. */
export const tokens = ({ retries }: InstallBoot): string[] => ["open", ...Array.from({ length: retries }, (_, i) => `again-${i + 1}`)];
