import type { MasterRef } from "../../boot/types";

export interface DhcpPool {
  name: string;
  master: MasterRef;
  mode: "authoritative" | "proxy";
  subnet: string;
  /** "first-last" once normalised. */
  range?: string;
  address?: string;
  interface?: string;
  relay: boolean;
  leaseTime: string;
  router?: string;
  dns: string[];
  domain?: string;
  ntp: string[];
  knownMachinesOnly: boolean;
  options: Record<string, string>;
}
