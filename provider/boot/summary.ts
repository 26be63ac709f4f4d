import { captureSummary, cloneSummary } from "./clone";
import { installSummary } from "../install/order";
import { kernelSummary } from "./kernel";
import { menuSummary } from "./menu";
import { winpeSummary } from "./winpe";
import type { Boot, LocalBoot } from "./types";

/** What a boot does, in lines for a reviewer; what its disks of the master are is disklessSummary's to say. */
export function summary(boot: Boot, local: LocalBoot): string[] {
  switch (boot.kind) {
    case "local":
      return [disk({ ...local, ...boot })];
    case "menu":
      return [menuSummary(boot)];
    case "shell":
      return ["iPXE's shell, then the local disk"];
    case "memtest":
      return ["memory test, until it is stopped"];
    case "hardware":
      return ["what iPXE knows of the hardware, then the local disk"];
    case "reboot":
    case "poweroff":
      return [boot.kind];
    case "clone":
      return cloneSummary(boot);
    case "capture":
      return captureSummary(boot);
    case "install":
      return installSummary(boot);
    case "rescue":
      return ["imaging system for rescue, by ssh; changes nothing by itself"];
    case "diskless":
      return boot.kernel ? kernelSummary(boot.kernel) : [];
    case "winpe":
      return winpeSummary(boot);
    case "kernel":
      return kernelSummary(boot);
    default:
      return [`whatever ${boot.url} gives`];
  }
}

export function disk({ method, drive, loader, volume }: LocalBoot): string {
  if (method === "sanboot") return `local disk (boot sector of drive ${drive})`;
  if (method === "chain") return `local disk (${loader}${volume ? ` on ${volume}` : ""})`;
  return method === "exit" ? "local disk (by the firmware)" : "local disk";
}
