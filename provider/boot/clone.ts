import { bytes } from "../words";
import type { Problem } from "../resource";
import type { CloneBoot, DiskChoice, MasterRef } from "./types";

/** Lines of an order's job (docs/cloning-protocol.md) but for the nonce and the site, which the host draws. */
export function cloneJob(machine: string, boot: CloneBoot): string {
  const { image, disk, generation, overwrite, verify, expand, hostname, then, onFailure } = boot;
  const lines: [string, string][] = [
    ["netboot-job", "1"], ["machine", machine], ["generation", String(generation)], ["do", "clone"], ["image", image.digest], ["disk", diskText(disk)], ["overwrite", overwrite ? "yes" : "no"],
    ["verify", verify], ["expand", expand], ...(hostname ? [["hostname", hostname] as [string, string]] : []), ["then", then], ["failure", onFailure], ["transport", "unicast"], ["end", "end"],
  ];
  return lines.map(([key, value]) => `${key} ${value}\n`).join("");
}

function diskText(disk: DiskChoice): string {
  if (disk === "only") return disk;
  const [[how, value]] = Object.entries(disk) as [[string, string]];
  const range = how === "size" ? sizes(value) : undefined;
  return `${how}=${range ? `${range.least}-${range.most}` : value}`;
}

/** Bytes of "100 GB-600 GB". */
function sizes(text: string): { least: number; most: number } | undefined {
  const [least, most] = text.split("-").map((part) => bytes(part.trim()));
  return least !== undefined && most !== undefined ? { least, most } : undefined;
}

export function cloneProblems({ image, disk, generation }: CloneBoot, property: string, master: MasterRef | undefined): Problem[] {
  const bad = (field: string, reason: string): Problem[] => [{ property: `${property}.${field}`, reason: `${property}.${field} ${reason}` }];
  const range = typeof disk === "object" && "size" in disk ? sizes(disk.size) : undefined;
  return [
    ...(master && !master.imaging ? [{ property, reason: `${property} is a clone of ${image.name}, and master "${master.name}" has no imaging system: give the MasterServer imaging: {}.` }] : []),
    ...(typeof disk === "object" && Object.keys(disk).length !== 1 ? bad("disk", `names a disk in ${Object.keys(disk).length} ways: give one of serial, wwn, id, size and name, or write "only".`) : []),
    ...(typeof disk === "object" && "size" in disk && (!range || range.least > range.most) ? bad("disk.size", `is "${disk.size}", and is to be two sizes, the smaller one first: "200GB-600GB".`) : []),
    ...(range && image.size && range.most < image.size ? bad("disk.size", `allows disks of up to ${range.most} bytes, and image ${image.name} has ${image.size}: allow larger disks, or take a smaller image.`) : []),
    ...(generation > 999_999_999 ? bad("generation", `is ${generation}: count up from 1.`) : []),
  ];
}

/** What a clone does, in lines for a reviewer. */
export function cloneSummary({ image, disk, generation, overwrite, verify, then }: CloneBoot): string[] {
  const which = disk === "only" ? "its only fixed disk" : `its disk with ${diskText(disk)}`;
  return [
    `if generation ${generation} is not done: ERASES ${which}${overwrite ? ", whatever is on it" : ", if it is blank or ours"}`,
    `and writes disk image ${image.name} sha256:${image.digest.slice(0, 12)} (verify: ${verify}), then ${then}; from then on, local disk`,
  ];
}
