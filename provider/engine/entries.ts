import { kindOf, kinds } from "./kinds";
import { pathProblem } from "./paths";
import { entry, type Entry } from "./record";
import type { HostState, KindName } from "./state";

/** What a state names, kind by kind, as owners' records call it. */
export const entriesOf = (state: HostState | undefined): Array<[Entry, unknown]> =>
  kinds.flatMap(({ name }) => Object.entries(state?.[name] ?? {}).map(([key, spec]): [Entry, unknown] => [entry(name, key), spec]));

const paths = kinds.filter(({ keys }) => keys === "path").map(({ name }) => name);

export const isPath = (name: KindName): boolean => paths.includes(name);

/** The same path as another kind of thing. */
export const otherKinds = (name: KindName, key: string): Entry[] => (isPath(name) ? paths.filter((other) => other !== name).map((other) => entry(other, key)) : []);

/** Why this can be no key of this kind. */
export function keyProblem(name: KindName, key: string): string | undefined {
  switch (kindOf(name).keys) {
    case "path":
      return pathProblem(key);
    case "package":
      return /^[a-z0-9][a-z0-9.+-]+$/.test(key) ? undefined : "is no package name";
    case "unit":
      return /^[A-Za-z0-9:_.@-]+\.[a-z]+$/.test(key) ? undefined : "is no unit name";
    case "name":
      return /[\0\t\n\r]/.test(key) ? "holds a control character" : undefined;
  }
}
