import { pageFiles } from "../../boot/page";
import type { ResourceType } from "../../resource";
import { claimsOf, type Machine, nextBootOf, normalised, problemsOf, stateOf } from "./machine";

const type: ResourceType<Machine> = {
  name: "Machine",
  normalise: normalised,
  rules: problemsOf,
  claims: claimsOf,
  desired(machine) {
    const { state, ...rest } = stateOf(machine);
    return { state: { ...state, files: { ...state.files, ...pageFiles(`machine-${machine.name}`, machine.master, [machine]) } }, ...rest, nextBoot: nextBootOf(machine) };
  },
};
export default type;
