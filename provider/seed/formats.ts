import type { Document, Pair, YAMLMap } from "yaml";
import { quoted } from "../words";
import type { Field } from "./types";

/** Loaded for the first seed: other machines do without. */
const yaml = () => require("yaml") as typeof import("yaml");

/** The first line by which cloud-init takes user data for a template of its own, and renders it on the machine. */
const JINJA = "## template: jinja";
/** What user data and vendor data can begin with, in any case and after white space (cloudinit/handlers/__init__.py, INCLUSION_TYPES_MAP). */
const STARTS = ["#cloud-config", "#cloud-config-archive", "#cloud-config-jsonp", "#!", "#include", "#include-once", "#cloud-boothook", "#part-handler", JINJA];
/** cloud-init looks for a MIME message's header in the first 4096 bytes (user_data.py, convert_string). */
const isMime = (text: string) => /^(mime-version|content-type):/im.test(text.slice(0, 4096));

export const isJinja = (text: string) => text.trimStart().toLowerCase().startsWith(JINJA);

/** What is wrong with a rendered part, and the mend; nothing if cloud-init can read it. */
export function formatFault(field: Field, text: string): string | undefined {
  if (!text.trim()) return undefined;
  if (field === "userData" || field === "vendorData") return dataFault(text);
  const map = mapping(text);
  if (typeof map === "string") return map;
  return field === "networkConfig" ? networkFault(map.toJS()) : undefined;
}

function dataFault(text: string): string | undefined {
  if (isMime(text)) return undefined;
  const lower = text.trimStart().toLowerCase();
  const start = STARTS.filter((it) => lower.startsWith(it)).sort((a, b) => b.length - a.length)[0];
  if (!start) return `begins with ${quoted(text.trimStart().split("\n")[0])}, by which cloud-init does not know what it is: begin it with ${STARTS.join(", ")}, or the header of a MIME message`;
  if (start === "#cloud-config") return fault(mapping(text));
  return start === "#cloud-config-archive" ? fault(parsed(text)) : undefined;
}

const fault = (found: Document | string) => (typeof found === "string" ? found : undefined);

/** cloud-init reads YAML 1.1, in which `yes` is true. The parser's message goes without its excerpt, which may hold a secret. */
function parsed(text: string): Document | string {
  const document = yaml().parseDocument(text, { version: "1.1" });
  const error = document.errors[0];
  return error ? `is no YAML ("${error.message.split("\n")[0]!.replace(/:$/, "")}"): correct it` : document;
}

/** The same for whoever else writes YAML for cloud-init. */
export const yamlMap = (text: string): Document | string => mapping(text);

/** Of comments alone, the document is empty; that is a map as well. */
function mapping(text: string): Document | string {
  const document = parsed(text);
  if (typeof document === "string") return document;
  if (document.contents === null || (yaml().isScalar(document.contents) && document.contents.value === null)) document.contents = new (yaml().YAMLMap)() as never;
  return yaml().isMap(document.contents) ? document : "is YAML, but no map of fields: write `field: value`";
}

function networkFault(given: any): string | undefined {
  const network = given.network ?? given;
  return [1, 2].includes(network?.version) || network?.config === "disabled" ? undefined : "has no version that cloud-init knows: write version: 1 or version: 2, or config: disabled";
}

/** What meta-data says of the two fields that each instance needs. */
export function identityIn(text: string): { instanceId?: string; hostname?: string } {
  const map = mapping(text);
  if (typeof map === "string") return {};
  const said = (field: string) => (map.get(field) === undefined || map.get(field) === null ? undefined : String(map.get(field)));
  return { instanceId: said("instance-id"), hostname: said("local-hostname") };
}

/** Meta-data with those fields that it lacks before its own. */
export function metaData(text: string, fields: Record<string, string>): string {
  const given = mapping(text);
  const map = typeof given === "string" ? (mapping("") as Document) : given;
  const missing = Object.entries(fields).filter(([field]) => map.get(field) === undefined || map.get(field) === null);
  if (!missing.length) return text;
  for (const [field] of missing) map.delete(field);
  (map.contents as unknown as YAMLMap).items.unshift(...missing.map(([field, value]) => map.createPair(field, value) as Pair));
  return map.toString({ lineWidth: 0 });
}
