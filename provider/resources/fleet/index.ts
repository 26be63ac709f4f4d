import type { CloudInit, FleetInput, FleetMachine } from "@pulumi-netboot/schema/filled";
import { pageFiles } from "../../boot/page";
import type { HostState } from "../../engine/state";
import type { Claim, Problem, ResourceType } from "../../resource";
import { takesSeed } from "../../seed/seed";
import { settled } from "../../unknown";
import { claimsOf, type Machine, nextBootOf, normalised, problemsOf, stateOf } from "../machine/machine";

type Entry = FleetMachine & Pick<Machine, "localBoot">;
type Fleet = Omit<FleetInput, "machines"> & { machines: Record<string, Entry> };

/** Each entry as the machine that it stands for. Entries that are not known yet are no machines yet. */
const members = ({ machines, master, pool, cloudInit }: Fleet): Machine[] =>
  isMap(machines) ? Object.entries(machines).flatMap(([name, machine]) => (isMap(machine) ? [{ ...withSeed(machine, cloudInit), name, master, ...(pool && { pool }) }] : [])) : [];

/** An entry with the seed that it has of its own or of the fleet, and its variables in it. */
function withSeed({ config, ...machine }: Entry, common: CloudInit | undefined): Omit<Entry, "config"> {
  const seed = machine.cloudInit ?? (common && takesSeed(machine.boot, common) ? common : undefined);
  return { ...machine, ...(seed && { cloudInit: config ? { ...seed, config: { ...seed.config, ...config } } : seed }) };
}

const isMap = (value: unknown): value is Record<string, any> => !!value && typeof value === "object" && !Array.isArray(value);
const below = (name: string, property: string) => `machines.${name}.${property}`;

function normalise(fleet: Fleet): Fleet {
  if (!isMap(fleet.machines)) return fleet;
  const plain = ({ name: _, master: __, ...rest }: Machine) => rest;
  const entries = Object.entries(fleet.machines).map(([name, machine]) => [name, isMap(machine) ? plain(normalised({ ...machine, name, master: fleet.master } as Machine)) : machine]);
  return { ...fleet, machines: Object.fromEntries(entries) };
}

/** A machine's problem with the place of its field in the fleet, in the property and in the sentence. What the fleet gives all of them is said of the fleet. */
const placed = ({ machines }: Fleet, { name }: Machine, problems: Problem[]): Problem[] =>
  problems.map(({ property, reason }) => {
    if (property.startsWith("cloudInit") && !machines[name]!.cloudInit) return { property, reason };
    return { property: below(name, property), reason: reason.startsWith(property) ? below(name, reason) : `machines.${name}: ${reason}` };
  });

/** What is wrong with the seed that machines have in common is said once, and not a thousand times. */
function summed(problems: Problem[]): Problem[] {
  const groups = Map.groupBy(problems, ({ property, reason }) => (property.startsWith("cloudInit") ? reason.replace(/ of machine "[^"]*"/, "") : property + reason));
  return [...groups.values()].map(([first, ...others]) => (others.length ? { ...first!, reason: first!.reason.replace(/( of machine "[^"]*")/, `$1 and ${others.length} more`) } : first!));
}

/** Variables that no seed takes. */
const idle = ({ machines }: Fleet, { name, cloudInit }: Machine): Problem[] =>
  machines[name]!.config && !cloudInit ? [{ property: below(name, "config"), reason: `${below(name, "config")} is given, and the machine has no seed that takes it: give the fleet or the machine a cloudInit, and let it boot a kernel or a disk of the master.` }] : [];

const type: ResourceType<Fleet> = {
  name: "Fleet",
  normalise,
  rules: (fleet) => summed(members(fleet).flatMap((machine) => [...placed(fleet, machine, problemsOf(machine)), ...idle(fleet, machine)])),
  claims: (fleet) => [
    // The name of the file that the page reads.
    ...(fleet.master?.page ? [{ kind: "name", value: `fleet ${fleet.name}`, property: "name" } as const] : []),
    ...members(fleet).flatMap((machine) => claimsOf(machine).map((claim): Claim => ({ ...claim, property: below(machine.name, claim.property) }))),
  ],
  desired(fleet) {
    const all = members(fleet);
    const wanted = all.map(stateOf);
    const builds = Object.assign({}, ...wanted.map((one) => one.builds));
    const switches = Object.assign({}, ...wanted.map((one) => one.switches));
    const shown = pageFiles(`fleet-${fleet.name}`, fleet.master, all);
    return {
      state: merged([...wanted.map(({ state }) => state), ...(Object.keys(shown).length ? [{ files: shown }] : [])]),
      ...(Object.keys(builds).length && { builds }), ...(Object.keys(switches).length && { switches }),
      outputs: settled({ nextBoots: Object.fromEntries(all.map((machine) => [machine.name, nextBootOf(machine)])) }),
    };
  },
};
export default type;

/** One state of many that have no key in common but packages. */
function merged(states: HostState[]): HostState {
  const all: Record<string, Record<string, unknown>> = {};
  for (const state of states) for (const [kind, specs] of Object.entries(state)) Object.assign((all[kind] ??= {}), specs);
  return all as HostState;
}
