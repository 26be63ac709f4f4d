/** Defaults as the schema has them. Ajv's own `useDefaults` stops at unions; what a program leaves out in a `boot` has defaults as well. */
export interface Schema {
  $id?: string;
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  discriminator?: { propertyName: string };
  [keyword: string]: unknown;
}

type LookUp = (ref: string, base: Schema) => { schema: Schema; root: Schema };
type Fill = (value: any) => any;
type Fields = Record<string, unknown>;

/** A function that returns its input with defaults filled in, at all depths; the input itself stays as it is. */
export function filler(schema: Schema, lookUp: LookUp): (value: unknown) => unknown {
  const memo = new Map<Schema, Fill>();
  const same: Fill = (value) => value;
  const isFields = (value: unknown): value is Fields => !!value && typeof value === "object" && !Array.isArray(value);

  const target = (at: Schema, root: Schema) => (at.$ref ? lookUp(at.$ref, root) : { schema: at, root });
  const defaultOf = (at: Schema, root: Schema): unknown => {
    if (at.default !== undefined || !at.$ref) return at.default;
    const found = lookUp(at.$ref, root);
    return defaultOf(found.schema, found.root);
  };

  /** Compiled once for each schema, since a fleet fills in the same one a thousand times. */
  function compile(at: Schema, root: Schema): Fill {
    if (at.$ref) {
      const found = target(at, root);
      return compile(found.schema, found.root);
    }
    const known = memo.get(at);
    if (known) return known;
    // The entry stands before its parts are compiled: schemas may refer to themselves.
    let made: Fill = same;
    memo.set(at, (value) => made(value));
    made = of(at, root);
    memo.set(at, made);
    return made;
  }

  function of(at: Schema, root: Schema): Fill {
    if (at.items) {
      const each = compile(at.items, root);
      return (value) => (each === same || !Array.isArray(value) ? value : value.map(each));
    }
    if (at.discriminator && at.oneOf) {
      const tag = at.discriminator.propertyName;
      const branches = new Map(at.oneOf.map((branch) => [target(branch, root).schema.properties?.[tag]?.const, compile(branch, root)]));
      return (value) => (isFields(value) ? (branches.get(value[tag]) ?? same)(value) : value);
    }
    if (at.anyOf) {
      // Of a union whose branches are not all objects, the one whose kind is written there.
      const kinds = new Map(at.anyOf.map((branch) => [target(branch, root).schema.properties?.kind?.const, compile(branch, root)]));
      return [...kinds].some(([kind, fill]) => kind !== undefined && fill !== same) ? (value) => (isFields(value) && value.kind !== undefined ? (kinds.get(value.kind) ?? same)(value) : value) : same;
    }
    if (typeof at.additionalProperties === "object") {
      const each = compile(at.additionalProperties, root);
      return (value) => (each === same || !isFields(value) ? value : Object.fromEntries(Object.entries(value).map(([key, v]) => [key, each(v)])));
    }
    const fields = Object.entries(at.properties ?? {}).map(([key, field]) => ({ key, preset: defaultOf(field, root), fill: compile(field, root) }));
    const active = fields.filter(({ preset, fill }) => preset !== undefined || fill !== same);
    if (!active.length) return same;
    return (value) => {
      if (!isFields(value)) return value;
      const full: Fields = { ...value };
      for (const { key, preset, fill } of active) {
        const now = full[key] === undefined ? preset : full[key];
        if (now !== undefined) full[key] = fill(now);
      }
      return full;
    };
  }

  return compile(schema, schema);
}
