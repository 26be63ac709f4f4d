import { diskProblems, diskText, job, which } from "../boot/clone";
import type { InstallBoot, MasterRef } from "../boot/types";
import type { Problem } from "../resource";

/** What an installation's order says (docs/cloning-protocol.md) but for the nonce and the site, which the host draws. */
export const installJob = (machine: string, { installer, disk, generation, overwrite, retries, then, onFailure }: InstallBoot): string =>
  job(machine, generation, [["do", "install"], ["image", installer.digest], ["family", installer.family], ["disk", diskText(disk)], ["overwrite", overwrite ? "yes" : "no"], ["retries", String(retries)], ["then", then], ["failure", onFailure]]);

export function installProblems({ installer, disk }: InstallBoot, property: string, master: MasterRef | undefined): Problem[] {
  const deaf = master && !master.installers;
  return [
    ...(deaf ? [{ property, reason: `${property} is an installation of ${installer.name}, and master "${master.name}" takes no orders for any: give the MasterServer installers: true.` }] : []),
    ...diskProblems(disk, `${property}.disk`),
  ];
}

/** What an installation does, in lines for a reviewer. */
export function installSummary({ installer, disk, generation, overwrite, retries, then }: InstallBoot): string[] {
  const again = retries ? `, and up to ${retries} more ${retries === 1 ? "time" : "times"} if that does not come to its end` : "";
  return [
    `if generation ${generation} is not done: ERASES ${which(disk)}${overwrite ? ", whatever is on it" : ", if it is blank or ours"}${again}`,
    `and installs ${installer.name} (${installer.family}) sha256:${installer.digest.slice(0, 12)} on it, then ${then}; from then on, local disk`,
  ];
}

/** The tokens of its order, in the order in which they are taken: one for each time that it may begin. */
export const tokens = ({ retries }: InstallBoot): string[] => ["open", ...Array.from({ length: retries }, (_, i) => `again-${i + 1}`)];
