import type { ResourceType } from "../../resource";
import { claimsOf, type Machine, nextBootOf, normalised, problemsOf, stateOf } from "./machine";

const type: ResourceType<Machine> = {
  name: "Machine",
  normalise: normalised,
  rules: problemsOf,
  claims: claimsOf,
  desired: (machine) => ({ ...stateOf(machine), nextBoot: nextBootOf(machine) }),
};
export default type;
