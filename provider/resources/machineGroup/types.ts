import type { Boot, LocalBoot, MasterRef } from "../../boot/types";

export interface Match {
  macs?: string[];
  macPrefix?: string;
  /** "first-last" once normalised. */
  addresses?: string;
}

export interface MachineGroup {
  name: string;
  master: MasterRef;
  match: Match;
  boot: Boot;
  localBoot: LocalBoot;
  confirmErase: boolean;
}

export const listed = ({ macs }: Partial<Match> = {}): string[] => (Array.isArray(macs) ? macs : []);
