import { cmdlineOf } from "../boot/kernel";
import type { Claim, Problem } from "../resource";
import { TemplateFault } from "../render";
import { hasUnknown } from "../unknown";
import { quoted } from "../words";
import { formatFault, identityIn } from "./formats";
import { type Instance, partOf, seedOf, takesSeed, templateOf } from "./seed";
import { type CloudInit, type Field, FIELDS, PARTS } from "./types";

/** A seed is text in Pulumi's state, once for each machine: larger things are for user data to fetch. */
const LARGEST = 256 << 10;

export function seedProblems(instance: Instance): Problem[] {
  const { cloudInit, boot, name } = instance;
  if (!cloudInit) return [];
  if (!takesSeed(boot, cloudInit)) return [{ property: "cloudInit", reason: `cloudInit is given, and boot is "${boot.kind}": a kernel is told by its command line where the seed is, and a disk of the master has another one with the seed beside it; boot one of these with boot.kernel() or boot.diskless(), set cloudInit.delivery: "iso", or leave cloudInit out.` }];
  const sources = [...commandLineProblems(instance), ...directoryProblems(cloudInit), ...FIELDS.flatMap((field) => sourceProblems(cloudInit, field))];
  const wrong = sources.length ? sources : FIELDS.flatMap((field) => partProblems(instance, field));
  if (wrong.length) return wrong;
  const { files } = seedOf(instance);
  const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return bytes > LARGEST ? [{ property: "cloudInit", reason: `cloudInit of machine "${name}" makes a seed of ${bytes} bytes, and ${LARGEST} are allowed: let user data fetch what is large.` }] : [];
}

function commandLineProblems({ boot, cloudInit }: Instance): Problem[] {
  const kernel = boot.kind === "diskless" ? boot.kernel : boot.kind === "kernel" ? boot : undefined;
  const named = cloudInit!.delivery === "auto" && kernel && cmdlineOf(kernel).split(" ").find((word) => word.startsWith("ds="));
  if (!named) return [];
  const other = boot.kind === "kernel" ? "cloudInit adds an argument ds= of its own" : "cloud-init would go by that, and not by the seed that cloudInit puts beside the disk";
  return [{ property: "boot", reason: `boot makes a command line with ${named}, and ${other}: leave one of them out.` }];
}

function directoryProblems({ directory, config }: CloudInit): Problem[] {
  if (!directory) return [];
  const { path, files, problem } = directory;
  const property = "cloudInit.directory";
  if (problem || !files) return [{ property, reason: `${property} is ${quoted(path)}, which could not be read (${(problem ?? "no files are given").replace(/\s+/g, " ")}): give the path of a directory of texts, absolute or relative to the program.` }];
  return files.CONFIG !== undefined && config ? [{ property: "cloudInit.config", reason: `cloudInit.config is given, and ${quoted(path)} has a file CONFIG: leave one of them out.` }] : [];
}

function sourceProblems(seed: CloudInit, field: Field): Problem[] {
  const part = seed[field];
  const property = `cloudInit.${field}`;
  if (part === undefined) return [];
  if (seed.directory?.files?.[PARTS[field]] !== undefined) return [{ property, reason: `${property} is given, and ${quoted(seed.directory.path)} has a file ${PARTS[field]}: leave one of them out.` }];
  if (typeof part === "string" || part.text !== undefined) return [];
  return [{ property, reason: `${property} is ${quoted(part.path)}, which could not be read (${(part.problem ?? "no text is given").replace(/\s+/g, " ")}): give the path of a text file, absolute or relative to the program.` }];
}

/** Where a part comes from, as the user knows it. */
function placeOf(seed: CloudInit, field: Field): { property: string; file: string } {
  const part = seed[field];
  if (part === undefined) return { property: "cloudInit.directory", file: ` ${quoted(`${seed.directory?.path}/${PARTS[field]}`)}` };
  return { property: `cloudInit.${field}`, file: typeof part === "string" ? "" : ` ${quoted(part.path)}` };
}

function partProblems(instance: Instance, field: Field): Problem[] {
  const { cloudInit, name } = instance;
  if (templateOf(cloudInit!, field) === undefined) return [];
  const { property, file } = placeOf(cloudInit!, field);
  const say = (what: string): Problem[] => [{ property, reason: `${property}${file} of machine "${name}" ${what}.` }];
  try {
    const text = partOf(instance, field)!;
    const fault = formatFault(field, text);
    if (fault) return say(fault);
    return field === "metaData" && cloudInit!.rerun === "onChange" && identityIn(text).instanceId ? say('sets instance-id, and rerun is "onChange", which makes one of the content: leave one of them out') : [];
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    return say(`cannot be rendered, ${error.message}: correct it; what templates know is in docs/cloud-init.md`);
  }
}

/** Two machines with one instance-id are one instance to whoever keeps books of them. What cannot be rendered yet claims nothing yet. */
export function seedClaims(instance: Instance): Claim[] {
  if (!instance.cloudInit || !takesSeed(instance.boot, instance.cloudInit) || hasUnknown(instance)) return [];
  try {
    return [{ kind: "instanceId", value: `instance-id ${seedOf(instance).instanceId}`, property: "cloudInit.metaData" }];
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    return [];
  }
}
