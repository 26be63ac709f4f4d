import { macFault, serialFault, uuidFault } from "../identity";
import { type Hardware, words } from "./hardware";

/** A machine that nobody knows, as far as anybody does. */
export interface Stranger {
  mac: string;
  hardware?: Hardware;
}

/** How a program knows it: by what no other machine has. */
export type Identity = { mac: string } | { uuid: string } | { serial: string };

export interface Named {
  mac: string;
  name: string;
  by: Identity;
  /** For a reader, in one line of printable ASCII. */
  comment: string;
}

/** What keeps a machine from being named, in words. */
export interface Unnamed {
  mac: string;
  why: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const PLACE = /\{(n+|mac|serial)\}/g;

/** Why a pattern can give no names. */
export function patternFault(pattern: string): string | undefined {
  const places = [...pattern.matchAll(PLACE)];
  if (!places.length) return 'has no place for what differs: write {n} (or {nn} for 01, {nnn} for 001), {mac} or {serial}, as in "pc-{nn}"';
  const rest = pattern.replace(PLACE, "0");
  return NAME.test(rest) ? undefined : "gives no names: these are letters, digits and . _ - after a first letter or digit, at most 63";
}

/** Names for machines, in their order: numbers from 1 on that no name in `taken` has. Nothing of what a machine said gets anywhere without being looked at. */
export function named(strangers: readonly Stranger[], pattern: string, taken: ReadonlySet<string>): { named: Named[]; unnamed: Unnamed[] } {
  const used = new Set(taken);
  const given: Named[] = [];
  const unnamed: Unnamed[] = [];
  let number = 0;
  for (const { mac, hardware } of strangers) {
    const by = identity(mac, hardware);
    const name = typeof by === "string" ? undefined : next();
    if (typeof by === "string") unnamed.push({ mac, why: by });
    else if (!name || !NAME.test(name)) unnamed.push({ mac, why: `${name === undefined ? "it has no serial number" : `${JSON.stringify(name)} is no name`}, as {serial} in the pattern would make it` });
    else if (used.has(name)) unnamed.push({ mac, why: `${JSON.stringify(name)} is another machine's name` });
    else {
      used.add(name);
      given.push({ mac, name, by, comment: comment(hardware) });
    }

    function next(): string | undefined {
      if (pattern.includes("{serial}") && hardware?.serial === undefined) return undefined;
      const made = () => pattern.replace(PLACE, (_, what: string) => (what === "mac" ? mac.replaceAll(":", "-") : what === "serial" ? hardware!.serial! : String(number).padStart(what.length, "0")));
      if (!/\{n+\}/.test(pattern)) return made();
      do number++;
      while (used.has(made()));
      return made();
    }
  }
  return { named: given, unnamed };
}

/** By its MAC address, unless other machines may have it as well; a text says why by nothing. */
function identity(mac: string, { uuid, serial }: Partial<Hardware> = {}): Identity | string {
  const fault = macFault(mac);
  if (!fault) return { mac };
  const id = uuid?.toLowerCase();
  if (id && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) && !uuidFault(id)) return { uuid: id };
  if (serial && /^[!-~](?:[ -~]{0,62}[!-~])?$/.test(serial) && !serialFault(serial)) return { serial };
  return `its MAC address is ${mac}, ${fault}, and it has neither a UUID nor a serial number of its own`;
}

const comment = (hardware?: Hardware) =>
  hardware ? [words.model(hardware), hardware.serial && `serial ${hardware.serial}`, words.cpu(hardware), words.memory(hardware), words.disks(hardware)].filter(Boolean).join("; ").slice(0, 300) : "it has not said what hardware it has";

/** Lines for the program: comments cannot end before their line does, and the rest is JSON of what was looked at. */
export const typescript = (all: readonly Named[]): string =>
  all.map(({ name, by, comment }) => `// ${name}: ${comment}\nnew netboot.Machine(${JSON.stringify(name)}, { master, ${Object.entries(by).map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join()} });\n`).join("");

/** Rows for a data file with the columns name and mac; a machine that only another identity tells apart has none. */
export const rows = (all: readonly Named[]): string => all.flatMap(({ name, by }) => ("mac" in by ? [`${name},${by.mac}\n`] : [])).join("");
