import type { Problem } from "../resource";
import { quoted } from "../words";
import type { MenuBoot, MenuRef } from "./types";

/** Which of a menu's entries a machine with these roles sees. */
const visible = (entries: NonNullable<MenuRef["entries"]>, roles: readonly string[]): string[] =>
  Object.entries(entries).filter(([, only]) => !only.length || only.some((role) => roles.includes(role))).map(([name]) => name);

/** A menu that this machine or group is to see otherwise than others, as the menu knows it. */
export function menuProblems({ menu, default: preset, roles = [] }: MenuBoot, property: string): Problem[] {
  const { name, entries, roles: known = [] } = menu;
  if (!entries) return [];
  const problems = roles.flatMap((role, i): Problem[] => (known.includes(role) ? [] : [{
    property: `${property}.roles[${i}]`,
    reason: `${property}.roles[${i}] is "${role}", and no entry of menu "${name}", or of one below it, is for that: ${known.length ? `write one of ${known.map(quoted).join(", ")}` : "take it out"}, or name it in an entry's only.`,
  }]));
  const seen = visible(entries, roles);
  if (!seen.length) problems.push({ property, reason: `${property} is the menu "${name}", none of whose entries it would see: give it one of the roles ${known.map(quoted).join(", ")}, or add an entry without only.` });
  if (preset !== undefined && seen.length && !seen.includes(preset))
    problems.push({ property: `${property}.default`, reason: `${property}.default is ${quoted(preset)}, and ${Object.hasOwn(entries, preset) ? `that entry of menu "${name}" is not shown here` : `menu "${name}" has no entry of that name`}: write one of ${seen.map(quoted).join(", ")}.` });
  return problems;
}

/** What a script sets before it calls the menu. `netboot-menu` says which menu the rest is meant for: others below it have defaults of their own. */
export function menuSettings({ menu, default: preset, timeout, roles = [] }: MenuBoot): [string, string][] {
  return [
    ...(preset !== undefined || timeout !== undefined ? [["netboot-menu", menu.name] satisfies [string, string]] : []),
    ...(preset !== undefined ? [["netboot-preset", preset] satisfies [string, string]] : []),
    ...(timeout !== undefined ? [["netboot-patience", String(timeout * 1000)] satisfies [string, string]] : []),
    ...roles.map((role): [string, string] => [roleSetting(role), "yes"]),
  ];
}

/** The setting that a machine with this role has. */
export const roleSetting = (role: string) => `netboot-as-${role}`;

/** For a reviewer: the menu, and how it differs here. */
export function menuSummary({ menu, default: preset, timeout, roles }: MenuBoot): string {
  const parts = [roles?.length && `as ${roles.join(", ")}`, preset !== undefined && `default ${preset}`, timeout !== undefined && (timeout ? `after ${timeout} s` : "waits for ever")];
  return [`menu ${menu.name}`, ...parts.filter(Boolean)].join(", ");
}
