/** What the schema calls `cloudInit`, as code sees it. */
export interface CloudInit {
  userData?: Part;
  metaData?: Part;
  networkConfig?: Part;
  vendorData?: Part;
  directory?: { path: string; files?: Record<string, string>; problem?: string };
  config?: Config;
  rerun: "never" | "onChange";
  datasource: "nocloud" | "nocloud-net";
  delivery: "auto" | "iso";
}

/** A text, or a local file as the SDK describes it. */
export type Part = string | { path: string; text?: string; problem?: string };

export type Config = Record<string, string | number | boolean>;

/** Files of a seed by the fields that they come from: what cloud-init asks for below the seed's URL. */
export const PARTS = { userData: "user-data", metaData: "meta-data", networkConfig: "network-config", vendorData: "vendor-data" } as const;
export type Field = keyof typeof PARTS;
export const FIELDS = Object.keys(PARTS) as Field[];
