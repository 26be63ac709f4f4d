import type { DhcpPoolInput } from "@pulumi-netboot/schema/filled";

export type DhcpPool = Omit<DhcpPoolInput, "range"> & {
  /** "first-last" once normalised. */
  range?: string;
};
