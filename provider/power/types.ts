import type { OnChange } from "../engine/state";

/** What the schemas call `power`, as code sees it. */
interface Common {
  onChange: OnChange;
  timeoutSeconds: number;
}

export type Power =
  | (Common & { driver: "wol"; mac?: string; interface?: string; address: string; port: number })
  | (Common & { driver: "ipmi"; host: string; port: number; user: string; password: string; cipherSuite?: number })
  | (Common & { driver: "redfish"; url: string; user: string; password: string; system?: string; publicKey?: string; insecure: boolean })
  | (Common & { driver: "command"; command: string[]; user: string; environment: Record<string, string> });
