import { disagreeing, disksOf } from "../../boot/disks";
import { firmwareProblems } from "../../boot/firmware";
import { bootProblems } from "../../boot/rules";
import type { MasterRef } from "../../boot/types";
import type { Problem } from "../../resource";
import { quoted } from "../../words";
import { menusOf } from "./reach";
import type { BootMenu, Entry } from "./types";

export function rules({ name, entries, default: preset, password, master }: BootMenu): Problem[] {
  const names = entries.map((entry) => entry.name);
  const problems = [...entries.flatMap((entry, i) => entryProblems(entry, `entries[${i}]`, name, master)), ...twice(entries, "name", "the default and the menu itself find an entry by its name"), ...twice(entries, "key", "a key chooses one entry")];
  problems.push(...keysBelow(name, entries));
  const torn = disagreeing(entries.flatMap(({ boot }) => disksOf(boot)));
  if (torn !== undefined) problems.push({ property: "entries", reason: `entries use ${torn} in two ways, and a machine has one disk of it: give it the same persist, generation, when and retain everywhere, and the same data disks wherever it is booted.` });
  if (preset !== undefined && !names.includes(preset)) problems.push({ property: "default", reason: `default is ${quoted(preset)}, and there is no entry of that name: write one of ${[...new Set(names)].map(quoted).join(", ")}.` });
  if (entries.find((entry) => entry.name === preset)?.only) problems.push({ property: "default", reason: `default is ${quoted(preset)}, which not everybody sees: name an entry without only, and give the machines with that role a default of their own, boot.menu(menu, { default: ${quoted(preset)}, roles }).` });
  if (password !== undefined && entries.every(({ boot, password: own }) => own !== undefined || boot.kind === "local"))
    problems.push({ property: "password", reason: `password protects nothing: every entry ${entries.some((entry) => entry.password !== undefined) ? "has a password of its own or " : ""}boots the machine's own disk, which Esc does as well: leave it out, or give the menu an entry that is worth it.` });
  return problems;
}

const ORDERS = ["clone", "capture", "install", "rescue"];

function entryProblems({ name, boot, only, password }: Entry, at: string, menu: string, master: MasterRef): Problem[] {
  const property = `${at}.boot`;
  const fault = (property: string, reason: string): Problem[] => [{ property, reason: `${property} ${reason}` }];
  return [
    ...(ORDERS.includes(boot.kind) ? fault(property, `is ${boot.kind === "install" ? "an" : "a"} ${boot.kind}, which is an order for one machine and never a choice in a menu: give it to a Machine.`) : []),
    ...(boot.kind === "menu" ? [] : bootProblems(boot, property, master.localBoot, master)),
    ...(ORDERS.includes(boot.kind) ? [] : firmwareProblems({ boot, master }).map(({ reason }) => ({ property, reason: reason.replace("boot", property) }))),
    ...(boot.kind === "menu" && (boot.menu.name === menu || boot.menu.reaches.includes(menu)) ? fault(property, `is the menu "${boot.menu.name}", from which one comes to "${menu}" again: menus may not form a loop, so take this entry out; Esc leads back anyway.`) : []),
    ...(boot.kind === "menu" ? (["default", "timeout", "roles"] as const).flatMap((field) => (boot[field] === undefined ? [] : fault(`${property}.${field}`, `is ${quoted(boot[field])}, and says how one machine or group sees a menu: give it to the boot of those, or change the menu "${boot.menu.name}".`))) : []),
    ...(password !== undefined ? unprotected(name, boot, at) : []),
    ...(only && new Set(only).size < only.length ? fault(`${at}.only`, `is ${quoted(only)}, with a role twice: write each once.`) : []),
  ];
}

/** A password before something that everybody has without it. */
function unprotected(name: string, boot: Entry["boot"], at: string): Problem[] {
  const say = (why: string): Problem[] => [{ property: `${at}.password`, reason: `${at}.password protects nothing: ${why}.` }];
  if (boot.kind === "local") return say(`entry "${name}" boots the machine's own disk, which Esc does as well: leave it out`);
  if (boot.kind === "reboot" || boot.kind === "poweroff") return say(`entry "${name}" is a ${boot.kind}, for which the machine has a button: leave it out`);
  if (boot.kind === "menu" && !boot.menu.locked) return say(`entry "${name}" leads to the menu "${boot.menu.name}", which the master shows to everybody: give the password to that BootMenu instead`);
  return boot.kind === "menu" ? say(`the menu "${boot.menu.name}" asks for a password of its own: leave this one out`) : [];
}

function twice(entries: Entry[], field: "name" | "key", why: string): Problem[] {
  const first = new Map<string, number>();
  return entries.flatMap((entry, i) => {
    const value = entry[field];
    const other = value === undefined ? undefined : first.get(value);
    if (value !== undefined && other === undefined) first.set(value, i);
    return other === undefined ? [] : [{ property: `entries[${i}].${field}`, reason: `entries[${i}].${field} is "${value}", and so is entries[${other}].${field}: ${why}; change one of them.` }];
  });
}

/** Whoever knows the keys by heart types ahead, through menus: a key means one thing in a menu and in all that are below it. */
function keysBelow(name: string, entries: Entry[]): Problem[] {
  const mine = new Map(entries.map(({ key, name: entry }, i) => [key, { place: `${name}: ${entry}`, i }]));
  const theirs = new Map<string, string>();
  return entries.flatMap(({ boot }, i) => menusOf([{ boot }]).flatMap(({ keys = {} }) => Object.entries(keys).flatMap(([key, place]): Problem[] => {
    const own = mine.get(key);
    const other = theirs.get(key);
    theirs.set(key, place);
    const why = "a key means one thing in a menu and in all that it leads to; change one of them.";
    if (own) return [{ property: `entries[${own.i}].key`, reason: `entries[${own.i}].key is "${key}", and so is that of "${place}", in a menu below: ${why}` }];
    return other === undefined || other === place ? [] : [{ property: `entries[${i}].boot`, reason: `entries[${i}].boot leads to "${place}" with the key "${key}", which "${other}" has as well: ${why}` }];
  })));
}
