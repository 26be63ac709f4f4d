import type { Blob, Firmware, MasterServerInput } from "@pulumi-netboot/schema/filled";

export type { MasterServerInput as MasterServer } from "@pulumi-netboot/schema/filled";

/** One stream to many machines. */
export type Multicast = NonNullable<NonNullable<MasterServerInput["imaging"]>["multicast"]>;

/** A file of the iPXE package by its name, or one of the user's own. */
export type Loaders = Partial<Record<Firmware, string | Blob>>;
