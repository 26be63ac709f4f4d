import type { Problem, ResourceType } from "./resource";

/** What a schema cannot say of an input without unknown values: rules for all resources, then the resource's own. */
export const ruleProblems = (type: Pick<ResourceType, "rules">, input: any): Problem[] => [...elsewhere(input), ...(type.rules?.(input) ?? [])];

/** Pools, images, volumes and menus of another master: this one has nothing by that name, or something else. */
function elsewhere(input: Record<string, any>): Problem[] {
  const own: unknown = input.master?.name;
  if (own === undefined) return [];
  const found: Problem[] = [];
  const look = (value: any, property: string) => {
    if (!value || typeof value !== "object") return;
    const { masterName, name } = value;
    if (typeof masterName === "string" && masterName !== own)
      found.push({ property, reason: `${property} is "${name}" of the master "${masterName}", and "${input.name}" is on "${String(own)}": take one that is declared with master "${String(own)}".` });
    else for (const [key, inner] of Object.entries(value)) look(inner, Array.isArray(value) ? `${property}[${key}]` : `${property}.${key}`);
  };
  for (const [key, value] of Object.entries(input)) if (key !== "master") look(value, key);
  return found;
}
