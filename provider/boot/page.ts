import { assignments } from "./assignment";
import { SITE } from "./script";
import type { Boot, MasterRef } from "./types";

/** What the page is made of, and beside it what machines are assigned: nothing that machines boot from. */
export const PAGE = `${SITE}/page`;

/** What the page reads of a resource's machines: one file, however many they are. */
export const pageFiles = (resource: string, { page }: MasterRef, machines: { name: string; boot: Boot }[]): Record<string, string> =>
  page && machines.length ? { [`${PAGE}/assigned/${resource}.json`]: assignments(machines) } : {};
