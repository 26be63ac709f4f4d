import { SITE } from "../engine/state";
import { bytes } from "../words";
import type { Problem } from "../resource";
import type { CaptureBoot, CloneBoot, DiskChoice, MasterRef } from "./types";

type Line = [key: string, value: string];

/** Lines of an order's job (docs/cloning-protocol.md) but for the nonce and the site, which the host draws. */
export const job = (machine: string, generation: number, lines: Line[]): string =>
  [["netboot-job", "1"], ["machine", machine], ["generation", String(generation)], ...lines, ["end", "end"]].map(([key, value]) => `${key} ${value}\n`).join("");

/** A wish (`auto`) is unicast where the master has nothing else. */
const transportText = ({ transport }: CloneBoot, { imaging }: MasterRef): string => (transport !== "unicast" && imaging?.multicast ? `multicast ${imaging.multicast.patience}` : "unicast");

export const cloneJob = (machine: string, boot: CloneBoot, master: MasterRef): string => {
  const { image, disk, generation, overwrite, verify, expand, hostname, then, onFailure } = boot;
  return job(machine, generation, [
    ["do", "clone"], ["image", image.digest], ["disk", diskText(disk)], ["overwrite", overwrite ? "yes" : "no"], ["verify", verify], ["expand", expand],
    ...(hostname ? [["hostname", hostname] satisfies Line] : []), ["then", then], ["failure", onFailure], ["transport", transportText(boot, master)],
  ]);
};

export const captureJob = (machine: string, { name, disk, generation, then, onFailure }: CaptureBoot): string =>
  job(machine, generation, [["do", "capture"], ["name", name], ["disk", diskText(disk)], ["then", then], ["failure", onFailure]]);

/** Where a captured disk is to be found on the master. */
const capturePath = ({ name, generation }: CaptureBoot): string => `${SITE}/captures/${name}/${generation}.zst`;

export function diskText(disk: DiskChoice): string {
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

/** A master without an imaging system can neither clone nor capture nor rescue. */
export function imagingProblems(what: string, property: string, master: MasterRef | undefined): Problem[] {
  return master && !master.imaging ? [{ property, reason: `${property} is ${what}, and master "${master.name}" has no imaging system: give the MasterServer imaging: {}.` }] : [];
}

export function diskProblems(disk: DiskChoice, property: string): Problem[] {
  if (disk === "only") return [];
  const ways = Object.keys(disk).length;
  if (ways !== 1) return [{ property, reason: `${property} names a disk in ${ways} ways: give one of serial, wwn, id, size and name, or write "only".` }];
  const range = disk.size === undefined ? undefined : sizes(disk.size);
  if (disk.size !== undefined && (!range || range.least > range.most)) return [{ property: `${property}.size`, reason: `${property}.size is "${disk.size}", and is to be two sizes, the smaller one first: "200GB-600GB".` }];
  return [];
}

export function cloneProblems({ image, disk, transport }: CloneBoot, property: string, master: MasterRef | undefined): Problem[] {
  const range = disk !== "only" && disk.size !== undefined ? sizes(disk.size) : undefined;
  const small = range && image.size && range.most < image.size;
  return [
    ...imagingProblems(`a clone of ${image.name}`, property, master),
    ...diskProblems(disk, `${property}.disk`),
    ...(transport === "multicast" && master?.imaging && !master.imaging.multicast
      ? [{ property: `${property}.transport`, reason: `${property}.transport is "multicast", and master "${master.name}" sends nothing by multicast: give its imaging multicast: {}, or write "auto", which is unicast there.` }]
      : []),
    ...(small ? [{ property: `${property}.disk.size`, reason: `${property}.disk.size allows disks of up to ${range.most} bytes, and image ${image.name} has ${image.size}: allow larger disks, or take a smaller image.` }] : []),
  ];
}

export const which = (disk: DiskChoice) => (disk === "only" ? "its only fixed disk" : `its disk with ${diskText(disk)}`);

/** What a clone does, in lines for a reviewer. */
export function cloneSummary({ image, disk, generation, overwrite, verify, transport, then }: CloneBoot): string[] {
  return [
    `if generation ${generation} is not done: ERASES ${which(disk)}${overwrite ? ", whatever is on it" : ", if it is blank or ours"}`,
    `and writes disk image ${image.name} sha256:${image.digest.slice(0, 12)} (verify: ${verify}${transport === "unicast" ? "" : `, transport: ${transport}`}), then ${then}; from then on, local disk`,
  ];
}

export const captureSummary = (boot: CaptureBoot): string[] => [
  `if generation ${boot.generation} is not done: reads ${which(boot.disk)} into ${capturePath(boot)} on the master, and changes nothing on it`,
  `then ${boot.then}; from then on, local disk`,
];
