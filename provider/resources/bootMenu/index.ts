import { disagreeing, disksOf } from "../../boot/disks";
import { bootProblems, localProblems, normalisedBoot } from "../../boot/rules";
import { HTTP, jobOf, menuPath, oneSpaced, tidy } from "../../boot/script";
import type { Boot, LocalBoot, MasterRef, MenuRef } from "../../boot/types";
import { templates } from "../../render";
import type { Problem, ResourceType } from "../../resource";
import { settled } from "../../unknown";
import { quoted } from "../../words";

interface Entry {
  name: string;
  label: string;
  key?: string;
  boot: Boot;
}

interface BootMenu {
  name: string;
  master: MasterRef;
  title: string;
  entries: Entry[];
  default?: string;
  timeout: number;
}

const template = templates(__dirname);
const isList = (entries: unknown): entries is Entry[] => Array.isArray(entries);
const menusOf = (entries: Entry[]): MenuRef[] => entries.flatMap(({ boot }) => (boot?.kind === "menu" ? [boot.menu] : []));

/** Every menu that can be reached from here, this one left out. */
const reachable = (entries: Entry[]) => [...new Set(menusOf(entries).flatMap(({ name, reaches }) => [name, ...(reaches ?? [])]))].sort();

/** Every disk that can be booted from here, each once. */
const disksIn = (entries: Entry[]) => [...new Map(entries.flatMap(({ boot }) => disksOf(boot)).map((disk) => [disk.volume.name, disk])).values()];

function rules({ name, entries, default: preset, master }: BootMenu): Problem[] {
  const names = entries.map((entry) => entry.name);
  const never = entries.flatMap(({ boot }, i): Problem[] => (["clone", "capture", "rescue"].includes(boot.kind) ? [{ property: `entries[${i}].boot`, reason: `entries[${i}].boot is a ${boot.kind}, which is an order for one machine and never a choice in a menu: give it to a Machine.` }] : []));
  const problems = [...never, ...entries.flatMap(({ boot }, i) => [...bootProblems(boot, `entries[${i}].boot`, master.localBoot, master), ...(boot.kind === "local" ? localProblems({ ...master.localBoot, ...boot }, `entries[${i}].boot`) : [])])];
  problems.push(...twice(entries, "name", "the default and the menu itself find an entry by its name"), ...twice(entries, "key", "a key chooses one entry"));
  const torn = disagreeing(entries.flatMap(({ boot }) => disksOf(boot)));
  if (torn !== undefined) problems.push({ property: "entries", reason: `entries use ${torn} in two ways, and a machine has one disk of it: give it the same persist, generation and retain everywhere, and the same data disks wherever it is booted.` });
  if (preset !== undefined && !names.includes(preset)) problems.push({ property: "default", reason: `default is ${quoted(preset)}, and there is no entry of that name: write one of ${[...new Set(names)].map(quoted).join(", ")}.` });
  entries.forEach(({ boot }, i) => {
    if (boot.kind === "menu" && (boot.menu.name === name || boot.menu.reaches.includes(name)))
      problems.push({ property: `entries[${i}].boot`, reason: `entries[${i}].boot is the menu "${boot.menu.name}", from which one comes to "${name}" again: menus may not form a loop, so take this entry out; Esc leads back anyway.` });
  });
  return problems;
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

/** What the template needs of an entry: its job, or a way of its own to boot the disk, or neither. */
function rendered({ name, label, key, boot }: Entry, local: LocalBoot) {
  const own = boot.kind === "local" && boot.method ? { ...local, ...boot, volume: boot.volume ?? local.volume ?? "" } : false;
  return { name, label, key: key ?? "", job: jobOf(boot) ?? false, disk: own };
}

function text({ name, title, entries, default: preset, timeout, master }: BootMenu): string {
  const most = Math.max(0, ...entries.map(({ boot }) => (boot.kind === "kernel" ? boot.image.initrds.length : 0)));
  return tidy(template("menu.ipxe.njk", { name, title, default: preset ?? "", timeout, retries: master.retries, most, entries: entries.map((entry) => rendered(entry, master.localBoot)) }));
}

const spaced = (value: string) => (typeof value === "string" ? oneSpaced(value) : value);

const type: ResourceType<BootMenu> = {
  name: "BootMenu",
  normalise: (input) => ({
    ...input,
    title: spaced(input.title),
    entries: isList(input.entries) ? input.entries.map((entry) => (entry && typeof entry === "object" ? { ...entry, label: spaced(entry.label), boot: normalisedBoot(entry.boot) } : entry)) : input.entries,
  }),
  rules,
  claims: ({ name }) => [{ kind: "name", value: `menu ${name}`, property: "name" }],
  desired(input) {
    const disks = disksIn(input.entries);
    const ref: MenuRef = { name: input.name, reaches: reachable(input.entries), ...(disks.length && { disks }) };
    return { state: { files: { [HTTP + menuPath(input.name)]: text(input) } }, outputs: settled({ ref }) };
  },
};
export default type;
