import type { ErrorObject, ValidateFunction } from "ajv";
import { canonicalAddresses, ipv4, range, subnet } from "./net";
import { canonicalMac, canonicalMacPrefix, canonicalUuid } from "./identity";
import { dnsmasqText, ipxeText } from "./language";
import type { Problem, ResourceType } from "./resource";
import { filler, type Schema } from "./defaults";
import { hasUnknown } from "./unknown";
import { problemsOf } from "./words";

export interface Validated {
  problems: Problem[];
  /** The input with the schema's defaults filled in. */
  input: any;
}

interface Compiled {
  check: ValidateFunction;
  fill: (value: unknown) => unknown;
}

/** Whether an input is what its schema allows. Unknown values, at any depth, are let through. */
export function validate(type: Pick<ResourceType, "name">, given: Record<string, unknown>): Validated {
  const { check, fill } = compiled(type.name);
  const input = fill(Object.fromEntries(Object.entries(given).filter(([key, value]) => !key.startsWith("__") && value !== undefined)));
  if (check(input)) return { problems: [], input };
  return { problems: problemsOf(founded(check.errors!), type.name), input };
}

/** The schema of a resource, as written in schema/<camelCase>.json. */
export const schemaOf = (name: string): Schema => require(`@pulumi-netboot/schema/${name[0]!.toLowerCase()}${name.slice(1)}.json`);

const cache = new Map<string, Compiled>();
let ajv: import("ajv").default | undefined;

function compiled(name: string): Compiled {
  const known = cache.get(name);
  if (known) return known;
  const fresh = { check: engine().getSchema(schemaOf(name).$id!) ?? engine().compile(schemaOf(name)), fill: filler(schemaOf(name), lookUp) };
  cache.set(name, fresh);
  return fresh;
}

/** Ajv takes longer to load than a thousand machines to validate: loaded with the first validation, schemas compiled one by one. */
function engine(): import("ajv").default {
  if (ajv) return ajv;
  const { Ajv } = require("ajv") as typeof import("ajv");
  ajv = new Ajv({ strict: true, strictRequired: false, allErrors: true, verbose: true, discriminator: true, messages: false });
  ajv.addVocabulary(["x-allowed"]);
  for (const [format, ok] of Object.entries(FORMATS)) ajv.addFormat(format, ok);
  for (const file of ["common", "machine"]) ajv.addSchema(schemaOf(file));
  return ajv;
}

const FORMATS: Record<string, (text: string) => boolean> = {
  ipv4: (text) => ipv4(text) !== undefined,
  cidr: (text) => ((net) => net !== undefined && net.prefix >= 8 && net.prefix <= 30)(subnet(text)),
  network: (text) => ipv4(text) !== undefined || subnet(text) !== undefined,
  range: (text) => range(text) !== undefined,
  mac: (text) => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(canonicalMac(text)),
  "mac-prefix": (text) => /^[0-9a-f]{2}(:[0-9a-f]{2}){0,4}$/.test(canonicalMacPrefix(text)),
  addresses: (text) => range(canonicalAddresses(text)) !== undefined,
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(canonicalUuid(text)),
  "absolute-path": (text) => /^(\/[A-Za-z0-9_+-][A-Za-z0-9._+-]*|\/\.[A-Za-z0-9_+-][A-Za-z0-9._+-]*)+$/.test(text),
  "ipxe-text": (text) => !ipxeText(text),
  "dnsmasq-text": (text) => !dnsmasqText(text),
};

/** A schema by reference: "#/$defs/x" or "file.json#/$defs/x". */
function lookUp(ref: string, base: Schema): { schema: Schema; root: Schema } {
  const [file, pointer] = ref.split("#") as [string, string | undefined];
  const root = file ? (require(`@pulumi-netboot/schema/${file}`) as Schema) : base;
  const schema = (pointer ?? "").split("/").filter(Boolean).reduce<any>((at, key) => at[key], root);
  return { schema, root };
}

/** Errors but for those about values that are not known yet; with a union that may still hold go the complaints of its branches. */
function founded(errors: ErrorObject[]): ErrorObject[] {
  const open = errors.filter((error) => error.keyword === "anyOf" && excused(error)).map(({ instancePath }) => instancePath);
  return errors.filter((error) => !excused(error) && !open.some((path) => error.instancePath === path || error.instancePath.startsWith(`${path}/`)));
}

/** Complaints about a value that is not known yet are premature; a missing or superfluous field is known to be so. */
function excused({ keyword, data, params, propertyName }: ErrorObject): boolean {
  if (propertyName !== undefined) return holds(propertyName);
  if (keyword === "required" || keyword === "additionalProperties" || keyword === "minItems" || keyword === "maxItems") return false;
  if (keyword === "discriminator") return holds(params.tagValue) || holds(data);
  if (keyword === "propertyNames") return holds(params.propertyName);
  return keyword === "anyOf" ? hasUnknown(data) : holds(data);
}

const holds = (value: unknown) => typeof value === "string" && hasUnknown(value);

/** Whether a value is what one definition or field allows: "machine.json#/properties/mac". */
export const allows = (ref: string, value: unknown): boolean => {
  const file = ref.split("#")[0]!;
  if (!engine().getSchema(file)) engine().addSchema(lookUp(file, {}).schema);
  return engine().getSchema(ref)!(value) as boolean;
};
