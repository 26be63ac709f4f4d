/** What the schemas call `cloudInit`, `seedPart` (a text, or a local file as the SDK describes it) and `seedConfig`. */
export type { CloudInit, SeedConfig as Config, SeedPart as Part } from "@pulumi-netboot/schema/filled";

/** Files of a seed by the fields that they come from: what cloud-init asks for below the seed's URL. */
export const PARTS = { userData: "user-data", metaData: "meta-data", networkConfig: "network-config", vendorData: "vendor-data" } as const;
export type Field = keyof typeof PARTS;
export const FIELDS = Object.keys(PARTS) as Field[];
