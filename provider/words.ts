import type { ErrorObject } from "ajv";
import type { Schema } from "./defaults";
import { dnsmasqText, ipxeText } from "./language";
import type { Problem } from "./resource";

/** What a validator found, in a user's words: the field, the value given, what is allowed, how to mend it. One sentence each. */
export function problemsOf(errors: ErrorObject[], resource: string): Problem[] {
  // A union that fits nowhere has failed in each of its branches; one sentence about the whole says it better, unless the value says by its kind which branch is meant.
  const unions = errors.filter(({ keyword }) => keyword === "anyOf").map((union) => ({ union, path: union.instancePath, kind: kindMeant(union) }));
  const beside = ({ instancePath, parentSchema }: ErrorObject) =>
    unions.some(({ path, kind }) => (instancePath === path ? kind === undefined || kindOf(parentSchema) !== kind : kind === undefined && instancePath.startsWith(`${path}/`)));
  const left = (error: ErrorObject) => (error.keyword === "anyOf" ? unions.some(({ union, kind }) => union === error && kind === undefined) : !beside(error));
  const problems = errors.filter((error) => left(error) && error.keyword !== "propertyNames").map((error) => problemOf(error, resource));
  const seen = new Set<string>();
  return problems.filter(({ property, reason }) => !seen.has(property + reason) && seen.add(property + reason));
}

const kindOf = (schema: Schema | undefined): unknown => schema?.properties?.kind?.const;

/** The kind of a value for which its union has a branch, a boot by its definition's name: `bootDiskless`. */
function kindMeant({ data, schema }: ErrorObject): string | undefined {
  const kind = (data as { kind?: unknown } | null)?.kind;
  return typeof kind === "string" && (schema as Schema[]).some(({ $ref }) => $ref?.toLowerCase().endsWith(`/boot${kind}`)) ? kind : undefined;
}

function problemOf({ keyword, instancePath, params, data, parentSchema, propertyName }: ErrorObject, resource: string): Problem {
  const schema = (parentSchema ?? {}) as Schema;
  const field = pathOf(instancePath);
  const at = (name: string) => (field ? `${field}.${name}` : name);
  if (propertyName !== undefined) return { property: at(propertyName), reason: `${at(propertyName)} is ${quoted(propertyName)} by name, which cannot be one here${allowed(schema)}.` };
  const given = schema.writeOnly ? "a secret" : quoted(data);
  switch (keyword) {
    case "required":
      return { property: at(params.missingProperty), reason: `${at(params.missingProperty)} is missing: ${resource} needs it${example(schema.properties?.[params.missingProperty])}.` };
    case "additionalProperties": {
      const name = params.additionalProperty as string;
      const names = Object.keys(schema.properties ?? {});
      const near = nearest(name, names);
      const mend = near ? `did you mean ${at(near)}?` : `the fields here are ${names.join(", ")}.`;
      return { property: at(name), reason: `${at(name)} is ${quoted((data as Record<string, unknown>)[name])}, but there is no such field: ${mend}` };
    }
    case "enum": {
      const allowed = params.allowedValues as string[];
      const near = typeof data === "string" && nearest(data, allowed);
      return { property: field, reason: `${field} is ${given}, and can be ${either(allowed.map(quoted))}${near ? `: did you mean ${quoted(near)}?` : "."}` };
    }
    case "discriminator": {
      const kinds = (schema.oneOf ?? []).map(({ $ref }) => /[A-Z]\w*$/.exec($ref!)![0].toLowerCase());
      const mend = params.tag === "kind" ? `: use ${either(kinds.map((kind) => `boot.${kind}()`))}` : "";
      return { property: field, reason: `${at(params.tag)} is ${quoted(params.tagValue)}, and can be ${either(kinds.map(quoted))}${mend}.` };
    }
    case "minItems":
      return { property: field, reason: `${field} is ${given}, and needs at least ${params.limit}: add one.` };
    case "type":
      return { property: field, reason: `${field} is ${given}, but must be ${article(params.type)}${allowed(schema)}.` };
    default:
      return { property: field, reason: `${field} is ${given}, ${fault(schema, data) ?? `which is no ${(schema.title ?? "valid value").replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase())}${limit(keyword, params)}`}${allowed(schema)}.` };
  }
}

/** `/machines/desk-01/dns/0` as the user writes it: `machines.desk-01.dns[0]`. */
function pathOf(pointer: string): string {
  const parts = pointer.split("/").slice(1).map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
  return parts.reduce((path, part) => (/^[0-9]+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part), "");
}

export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

function fault(schema: Schema, data: unknown): string | undefined {
  const find = schema.format === "ipxe-text" ? ipxeText : schema.format === "dnsmasq-text" ? dnsmasqText : undefined;
  const found = typeof data === "string" ? find?.(data) : undefined;
  return found && `which ${found}`;
}

const limit = (keyword: string, params: Record<string, unknown>) => (["minimum", "maximum"].includes(keyword) ? ` (${keyword} ${params.limit})` : keyword === "maxItems" ? ` (at most ${params.limit})` : "");
const allowed = (schema: Schema) => (schema["x-allowed"] ? `: write ${schema["x-allowed"]}${example(schema)}` : example(schema));
const example = (schema: Schema | undefined) => (schema?.examples?.length && typeof schema.examples[0] !== "object" ? `, for example ${quoted(schema.examples[0])}` : "");
const article = (type: unknown) => (Array.isArray(type) ? type.join(" or ") : type === "array" || type === "object" || type === "integer" ? `an ${type}` : `a ${type}`);
const either = (words: string[]) => (words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${words.at(-1)}` : words.join());

/** The name that was probably meant: few letters away, or the same without case and punctuation. */
export function nearest(name: string, names: string[]): string | undefined {
  const scored = names.map((other) => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) })).sort((a, b) => a.far - b.far);
  const best = scored[0];
  return best && best.far <= Math.max(2, Math.floor(name.length / 3)) ? best.other : undefined;
}

/** Levenshtein's distance, with two letters swapped as one step. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

const UNITS: Record<string, number> = { MB: 1e6, GB: 1e9, TB: 1e12, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Bytes of "500 GB" or "32GiB"; nothing where it is no size. */
export function bytes(text: string): number | undefined {
  const [, number, unit] = /^([0-9]+(?:\.[0-9]+)?) ?([KMGT]i?B)$/.exec(text) ?? [];
  return number !== undefined && UNITS[unit!] ? Math.round(Number(number) * UNITS[unit!]!) : undefined;
}
