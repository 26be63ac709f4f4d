import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ResourceType } from "../resource";

/** Every folder here is a resource: adding one edits no list. */
export const resourceNames = (): string[] =>
  readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(__dirname, entry.name, "index.js")))
    .map(({ name }) => name[0]!.toUpperCase() + name.slice(1))
    .sort();

const loaded = new Map<string, ResourceType>();

/** One resource type by its name, "DhcpPool". Only what a program uses is loaded. */
export function resourceType(name: string): ResourceType {
  const known = loaded.get(name);
  if (known) return known;
  if (!/^[A-Za-z]+$/.test(name) || !resourceNames().includes(name)) throw new Error(`no resource "${name}"; there are ${resourceNames().join(", ")}`);
  const type: ResourceType = require(join(__dirname, name[0]!.toLowerCase() + name.slice(1), "index.js")).default;
  loaded.set(name, type);
  return type;
}
