import { cloneJob } from "../../boot/clone";
import { hexhyp } from "../../boot/script";
import type { Boot } from "../../boot/types";
import type { HostState } from "../../engine/state";
import type { Claim, Problem } from "../../resource";
import { listed, type MachineGroup } from "./types";

/**
 * A group's machines one by one, where its boot is something that each does and reports for itself. An order to erase names its machine before that boots: `up` writes it,
 * `maxErase` counts it, the ledger keeps it. So only machines whose MAC is listed can have one, and go by that: whatever group they are in, their ledger is the same.
 */
export const members = ({ match, boot }: Pick<MachineGroup, "match" | "boot">): string[] => (single(boot) ? [...new Set(listed(match))].map(hexhyp) : []);

const single = (boot: Boot): boolean => boot?.kind === "clone" || boot?.kind === "rescue";

/** Each is a machine: no other may have its name, and one that is declared has its own orders. */
export function memberClaims({ match, boot }: MachineGroup): Claim[] {
  const all = listed(match);
  return members({ match, boot }).flatMap((value): Claim[] => {
    const at = all.findIndex((mac) => hexhyp(mac) === value);
    return [{ kind: "mac", value: all[at]!, property: `match.macs[${at}]` }, { kind: "name", value: `machine ${value}`, property: `match.macs[${at}]` }];
  });
}

export function membersState({ match, boot, master }: MachineGroup): Pick<HostState, "reports" | "orders"> {
  const all = members({ match, boot });
  return {
    ...(all.length && { reports: Object.fromEntries(all.map((member) => [member, ""])) }),
    ...(all.length && boot.kind === "clone" && { orders: Object.fromEntries(all.map((member) => [member, { generation: boot.generation, job: cloneJob(member, boot, master) }])) }),
  };
}

export function memberProblems({ name, match, boot, confirmErase }: MachineGroup): Problem[] {
  const { macPrefix, addresses } = match;
  const say = (property: string, reason: string): Problem[] => [{ property, reason }];
  if (boot.kind === "capture") return say("boot", `boot is a capture, and group "${name}" is many disks, which are not one image: give it to a Machine.`);
  if (boot.kind === "install") return say("boot", `boot is an installation, and what an installer is answered is made for each machine of a program by its name: give the machines of group "${name}" as Machine or Fleet.`);
  if (single(boot) && !listed(match).length)
    return say("boot", `boot is a ${boot.kind}, and which machines ${macPrefix ? `have a MAC address that begins with ${macPrefix}` : `ask from ${addresses}`} nobody knows before they boot, so that none can have ${boot.kind === "clone" ? "an order to erase its disk" : "a place for its report"}: list their MACs in match.macs, or give the machines as Machine or Fleet.`);
  if (boot.kind !== "clone")
    return confirmErase ? say("confirmErase", `confirmErase is true, and boot erases nothing: leave it out, so that it is said anew when one does.`) : [];
  const { length } = listed(match);
  const whose = length === 1 ? "of one machine that has" : `of each of ${length} machines that have`;
  return [
    ...(confirmErase ? [] : say("confirmErase", `confirmErase is not true, and boot is a clone of ${boot.image.name}, which erases a disk ${whose} no name in this program: write confirmErase: true if that is meant.`)),
    ...(boot.hostname === undefined ? [] : say("boot.hostname", `boot.hostname is "${boot.hostname}", and all machines of group "${name}" would have it: leave it out, or give the machines as Machine or Fleet.`)),
  ];
}
