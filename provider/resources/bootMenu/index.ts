import { memtestBuilds, memtestState } from "../../boot/memtest";
import { normalisedBoot } from "../../boot/rules";
import { oneSpaced } from "../../boot/kernel";
import type { ResourceType } from "../../resource";
import { settled } from "../../unknown";
import { filesOf } from "./files";
import { refOf } from "./reach";
import { rules } from "./rules";
import type { BootMenu, Entry } from "./types";

const isList = (entries: unknown): entries is Entry[] => Array.isArray(entries);
const spaced = <T>(value: T) => (typeof value === "string" ? oneSpaced(value) : value);
const entry = (given: Entry): Entry =>
  given && typeof given === "object" ? { ...given, label: spaced(given.label), ...(given.heading !== undefined && { heading: spaced(given.heading) }), boot: normalisedBoot(given.boot) } : given;

const type: ResourceType<BootMenu> = {
  name: "BootMenu",
  normalise: (input) => ({ ...input, title: spaced(input.title), entries: isList(input.entries) ? input.entries.map(entry) : input.entries }),
  rules,
  claims: ({ name }) => [{ kind: "name", value: `menu ${name}`, property: "name" }],
  desired(input) {
    const boots = input.entries.map(({ boot }) => boot);
    const builds = memtestBuilds(boots);
    return { state: { ...memtestState(boots), files: filesOf(input) }, outputs: settled({ ref: refOf(input) }), ...(builds && { builds }) };
  },
};
export default type;
