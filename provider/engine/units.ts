import { seenOf, type Facts, type Unit } from "./facts";
import type { Todo } from "./kind";
import { kindOf } from "./kinds";
import { inside, isLive, UNITS } from "./paths";

/** Units as they will be after this plan: what each watches, by the order in which they start. */
export function unitsAfter(facts: Facts, todo: readonly Todo[]): Map<string, Pick<Unit, "order" | "paths">> {
  const units = new Map<string, Pick<Unit, "order" | "paths">>(facts.units);
  for (const t of todo) {
    if (t.kind !== "services") continue;
    if (t.want) units.set(t.key, { order: t.want.order ?? 50, paths: [...t.want.restartOn, ...(t.want.reloadOn ?? [])] });
    else units.delete(t.key);
  }
  return new Map([...units].sort(([a, { order: x }], [b, { order: y }]) => x - y || (a < b ? -1 : 1)));
}

/** Does a daemon parse, or read again, what is at this path? The old watch list counts as well as the new: what leaves it is still swapped with the rest. */
export function watchedBy(facts: Facts, todo: readonly Todo[]): (path: string) => boolean {
  const roots = [...facts.units.values(), ...unitsAfter(facts, todo).values()].flatMap((unit) => unit.paths);
  const outside = [...new Set(roots)].filter((root) => !isLive(root));
  return (path) => isLive(path) || inside(path, UNITS) || outside.some((root) => inside(path, root));
}

/** What the unit is owed, by a crash or a hand; "none" for one that nobody asked about. */
export const owedBy = (facts: Facts, unit: string): string => (seenOf(facts, kindOf("services"), unit) as { owed: string } | undefined)?.owed ?? "none";

/** The units that this plan may have to start or reload: with a changed spec or file, or with something owed. */
export function unitsTouched(facts: Facts, todo: readonly Todo[]): string[] {
  const touches = (unit: string, paths: readonly string[]) =>
    todo.some((t) => (t.kind === "services" ? t.key === unit : t.key === `${UNITS}/${unit}` || paths.some((root) => inside(t.key, root))));
  return [...unitsAfter(facts, todo)].filter(([unit, { paths }]) => owedBy(facts, unit) !== "none" || touches(unit, paths)).map(([unit]) => unit);
}
