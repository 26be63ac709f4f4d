import type { MasterRef, PoolRef } from "../../boot/types";
import type { HostState } from "../../engine/state";
import type { Claim, Problem, ResourceType } from "../../resource";
import { settled } from "../../unknown";
import { claimsOf, type Machine, nextBootOf, normalised, problemsOf, stateOf } from "../machine/machine";

interface Fleet {
  name: string;
  master: MasterRef;
  pool?: PoolRef;
  machines: Record<string, Omit<Machine, "name" | "master" | "pool">>;
}

/** Each entry as the machine that it stands for. Entries that are not known yet are no machines yet. */
const members = ({ machines, master, pool }: Fleet): Machine[] =>
  isMap(machines) ? Object.entries(machines).flatMap(([name, machine]) => (isMap(machine) ? [{ ...machine, name, master, ...(pool && { pool }) } as Machine] : [])) : [];

const isMap = (value: unknown): value is Record<string, unknown> => !!value && typeof value === "object" && !Array.isArray(value);
const below = (name: string, property: string) => `machines.${name}.${property}`;

function normalise(fleet: Fleet): Fleet {
  if (!isMap(fleet.machines)) return fleet;
  const plain = ({ name: _, master: __, ...rest }: Machine) => rest;
  const entries = Object.entries(fleet.machines).map(([name, machine]) => [name, isMap(machine) ? plain(normalised({ ...machine, name, master: fleet.master } as Machine)) : machine]);
  return { ...fleet, machines: Object.fromEntries(entries) };
}

/** A machine's problem with the place of its field in the fleet, in the property and in the sentence. */
const placed = (name: string, problems: Problem[]): Problem[] => problems.map(({ property, reason }) => ({ property: below(name, property), reason: reason.startsWith(property) ? below(name, reason) : `machines.${name}: ${reason}` }));

const type: ResourceType<Fleet> = {
  name: "Fleet",
  normalise,
  rules: (fleet) => members(fleet).flatMap((machine) => placed(machine.name, problemsOf(machine))),
  claims: (fleet) => members(fleet).flatMap((machine) => claimsOf(machine).map((claim): Claim => ({ ...claim, property: below(machine.name, claim.property) }))),
  desired(fleet) {
    const all = members(fleet);
    return { state: merged(all.map(stateOf)), outputs: settled({ nextBoots: Object.fromEntries(all.map((machine) => [machine.name, nextBootOf(machine)])) }) };
  },
};
export default type;

/** One state of many that have no key in common. */
function merged(states: HostState[]): HostState {
  const all: Record<string, Record<string, unknown>> = {};
  for (const state of states) for (const [kind, specs] of Object.entries(state)) Object.assign((all[kind] ??= {}), specs);
  return all as HostState;
}
