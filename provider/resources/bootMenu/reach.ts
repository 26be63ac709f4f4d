import { disksOf } from "../../boot/disks";
import { program } from "../../boot/firmware";
import type { MenuRef, Program } from "../../boot/types";
import type { BootMenu, Entry } from "./types";

export const menusOf = (entries: Pick<Entry, "boot">[]): MenuRef[] => entries.flatMap(({ boot }) => (boot?.kind === "menu" && boot.menu ? [boot.menu] : []));

/** What others need to know of a menu: its entries, and what can be reached from it, itself left out. */
export function refOf({ name, master, entries, password }: BootMenu): MenuRef {
  const menus = menusOf(entries);
  const reaches = [...new Set(menus.flatMap((menu) => [menu.name, ...(menu.reaches ?? [])]))].sort();
  // What a disk is started with is in the menu's own script alone, be it a secret or another tomorrow.
  const disks = [...new Map(entries.flatMap(({ boot }) => disksOf(boot)).map(({ kernel: _, ...disk }) => [disk.volume.name, disk])).values()];
  const roles = [...new Set([...entries.flatMap(({ only }) => only ?? []), ...menus.flatMap((menu) => menu.roles ?? [])])].sort();
  const programs = entries.flatMap(programsOf(name));
  const keys = Object.fromEntries([...menus.flatMap((menu) => Object.entries(menu.keys ?? {})), ...entries.flatMap((entry) => (entry.key === undefined ? [] : [[entry.key, `${name}: ${entry.name}`] as const]))].sort());
  return {
    name, masterName: master.name, reaches, ...(disks.length && { disks }), entries: Object.fromEntries(entries.map((entry) => [entry.name, entry.only ?? []])),
    ...(roles.length && { roles }), ...(Object.keys(keys).length && { keys }), ...(programs.length && { programs }), ...(password !== undefined && { locked: true }),
  };
}

/** What an entry starts, or what the menu does that it leads to, for those alone who see the entry. */
const programsOf = (menu: string) => ({ name, boot, only }: Entry): Program[] => {
  const own = program(boot);
  const started = boot?.kind === "menu" ? (boot.menu?.programs ?? []) : own ? [{ entry: `${menu}: ${name}`, ...own }] : [];
  return started.map((one) => (only ? { ...one, only: [only, ...(one.only ?? [])] } : one));
};
