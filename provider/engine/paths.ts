import { LIVE } from "./state";

export const folder = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";
export const base = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const inside = (path: string, root: string): boolean => path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
/** Is it part of the set that is switched whole? */
export const isLive = (path: string): boolean => path.startsWith(`${LIVE}/`);
/** The name below LIVE, and so below a generation. */
export const relative = (path: string): string => path.slice(LIVE.length + 1);
/** Where administrators, and we, put units. */
export const UNITS = "/etc/systemd/system";

/** The directories that a path is in, the outermost first. */
export const parents = (path: string): string[] => path.split("/").slice(1, -1).map((_, i, all) => `/${all.slice(0, i + 1).join("/")}`);

/** What makes a path unfit to be managed; nothing when it is fit. Tabs and newlines separate fields of the host's answers. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith("/")) return "is not absolute";
  if (/[\0\t\n\r]/.test(path)) return "holds a control character";
  if (path === "/" || path.split("/").slice(1).some((part) => part === "" || part === "." || part === "..")) return "is not in plain form";
  if (path.includes("/.netboot-stage")) return "is where changes are staged";
  return undefined;
}

/** Groups by a key, in order of first appearance. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const known = groups.get(key(item));
    if (known) known.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
