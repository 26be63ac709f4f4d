import type { Problem } from "../resource";
import { byFirmware, type Boot, type Firmware, type MasterRef, type MenuBoot, type Processor } from "./types";

/** Which firmware starts programs for a processor. A BIOS starts 64-bit kernels as well as 32-bit ones; UEFI only its own. */
const STARTS: Record<Processor, Firmware[]> = { x86: ["bios", "uefi32"], x86_64: ["bios", "uefi"], arm64: ["arm64"] };

/** For which processor it is, where that is known, and how that is said. */
export function program(boot: Boot): { what: string; machine: Processor } | undefined {
  if (boot?.kind === "diskless") return boot.kernel && program(boot.kernel);
  if (boot?.kind === "memtest") return { what: "a memory test", machine: "x86_64" };
  if (boot?.kind === "install") return boot.installer?.machine && { what: `installer ${boot.installer.name}`, machine: boot.installer.machine };
  if ((boot?.kind !== "kernel" && boot?.kind !== "winpe") || !boot.image?.machine) return undefined;
  return { what: `${boot.kind === "winpe" ? "Windows PE" : "kernel image"} ${boot.image.name}`, machine: boot.image.machine };
}

/** What a machine with that firmware, or with any, cannot boot. */
export function firmwareProblems({ firmware, boot, master }: { firmware?: Firmware; boot: Boot; master: MasterRef }): Problem[] {
  const served = byFirmware(master.loaders).map(([name]) => name);
  if (firmware && !served.includes(firmware))
    return [{ property: "firmware", reason: `firmware is "${firmware}", and master "${master.name}" has a loader for ${served.join(", ") || "none"}: give its loaders.${firmware} a file.` }];
  if (boot?.kind === "menu") return firmware ? chosenProblems(firmware, boot) : [];
  const started = program(boot);
  if (!started) return [];
  const { what, machine } = started;
  const able = STARTS[machine];
  const is = `boot is ${what}, which is for ${machine}`;
  if (firmware) return able.includes(firmware) ? [] : [{ property: "firmware", reason: `firmware is "${firmware}", and ${is}: give the machine something for its processor, or correct firmware to ${able.map((one) => `"${one}"`).join(" or ")}.` }];
  return able.some((one) => served.includes(one)) ? [] : [{ property: "boot", reason: `${is}, and master "${master.name}" has a loader for ${served.join(", ") || "none"}: give its loaders.${able[0]} a file.` }];
}

/** What this machine is shown and cannot start, a sentence each. */
function chosenProblems(firmware: Firmware, { menu, roles = [] }: MenuBoot): Problem[] {
  const seen = (menu.programs ?? []).filter(({ only = [] }) => only.every((some) => some.some((role) => roles.includes(role))));
  return seen.filter(({ machine }) => !STARTS[machine].includes(firmware)).map(({ entry, what, machine }) => ({
    property: "firmware",
    reason: `firmware is "${firmware}", and boot is the menu "${menu.name}", where "${entry}" is ${what}, which is for ${machine}: show that entry to other machines alone (only, roles), or correct firmware to ${STARTS[machine].map((one) => `"${one}"`).join(" or ")}.`,
  }));
}

/** The firmware's first file, in words: of a machine whose firmware is not said, what a PC gets, unless what it boots is for others. */
export function firstFile({ loaders }: MasterRef, boot: Boot, firmware?: Firmware): string {
  const machine = program(boot)?.machine;
  const asked: Firmware[] = firmware ? [firmware] : machine === "arm64" ? STARTS.arm64 : ["bios", "uefi"];
  return asked.flatMap((one) => loaders[one] ?? []).join(" or ");
}
