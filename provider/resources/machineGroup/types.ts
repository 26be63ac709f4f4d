import type { LocalBoot, MachineGroupInput } from "@pulumi-netboot/schema/filled";

/** Addresses are "first-last" once normalised, and `localBoot` is the master's where the group has none. */
export type MachineGroup = MachineGroupInput & { localBoot: LocalBoot };
export type Match = MachineGroup["match"];

export const listed = ({ macs }: Partial<Match> = {}): string[] => (Array.isArray(macs) ? macs : []);
