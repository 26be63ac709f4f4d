import { isPath } from "./entries";
import type { Facts } from "./facts";
import { kindOf } from "./kinds";
import type { Plan } from "./plan";
import { split, type OwnerRecord } from "./record";
import { owedBy } from "./units";

/** What nobody's wish brings about: what the last owner leaves behind, and what an interrupted commit left undone. */
export function leftOver(plan: Plan, facts: Facts, after: ReadonlyMap<string, OwnerRecord>): Pick<Plan, "debts" | "prune" | "purge"> {
  const debts = debtsOf(facts, after);
  const shrunk = [...plan.records].some(([owner, record]) => (record?.size ?? 0) < (facts.owners.get(owner)?.size ?? 0));
  if (debts.length === 0 && !shrunk && !plan.todo.some((t) => t.op === "remove")) return { debts, prune: [], purge: false };

  const entries = [...after.values()].flatMap((record) => [...record.keys()].map(split));
  const needed = new Set<string>();
  for (const [name, key] of entries) if (isPath(name)) for (const at of upwards(key)) needed.add(at);
  const own = new Set(entries.flatMap(([name, key]) => kindOf(name).directory?.(key) ?? []));
  return {
    debts,
    prune: [...facts.created].filter((dir) => !needed.has(dir) && !upwards(dir).some((at) => own.has(at))).sort((a, b) => b.length - a.length),
    purge: facts.installed.size > 0 && !entries.some(([name]) => name === "packages"),
  };
}

/** A path and the directories that it is in, but for the root. */
const upwards = (path: string): string[] => path.split("/").slice(1).map((_, i, parts) => `/${parts.slice(0, i + 1).join("/")}`);

function debtsOf(facts: Facts, after: ReadonlyMap<string, OwnerRecord>): string[] {
  const debts: string[] = [];
  if (facts.unfinished) debts.push("an interrupted commit left something behind");
  if (facts.memory && after.size === 0) debts.push("nothing is declared any more");
  for (const unit of facts.units.keys()) {
    const owed = owedBy(facts, unit);
    if (owed !== "none") debts.push(`${unit}: ${owed} owed`);
  }
  return debts;
}
