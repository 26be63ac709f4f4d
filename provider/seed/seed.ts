import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { disksOf, SEED_LUN } from "../boot/disks";
import { oneSpaced } from "../boot/kernel";
import { HTTP } from "../boot/script";
import type { Boot, Templated } from "../boot/types";
import { base } from "../engine/paths";
import { quote } from "../engine/sh";
import { type HostState, SITE } from "../engine/state";
import { userText } from "../render";
import type { Desired } from "../resource";
import { identityIn, isJinja, metaData } from "./formats";
import { iso } from "./iso";
import { type CloudInit, type Config, type Field, FIELDS, type Part, PARTS } from "./types";

/** Who the seed is for: what its templates know. */
export interface Instance extends Templated {
  cloudInit?: CloudInit;
}

export interface Seed {
  instanceId: string;
  /** Text by path below the seed's URL. */
  files: Record<string, string>;
}

/** Seeds that go to their machines as disks: what is in them, and the volumes. Nothing of it is served. */
export const SEEDS = `${SITE}/seeds`;
export const CIDATA = `${SITE}/cidata`;

/** Who boots a disk of the master finds the seed on another one, beside it. */
export const onDisk = (boot: Boot | undefined, { delivery }: CloudInit) => delivery === "auto" && !!boot && disksOf(boot).length > 0;

/** A kernel is told by its command line where the seed is; a volume is found by whatever is booted. */
export const takesSeed = (boot: Boot | undefined, cloudInit: CloudInit) => cloudInit.delivery === "iso" || boot?.kind === "kernel" || onDisk(boot, cloudInit);

export const seedPath = (name: string) => `/seed/${name}`;
const urlOf = ({ name, master }: Instance) => `${master.http}${seedPath(name)}/`;

export const textOf = (part: Part | undefined): string | undefined => (typeof part === "string" ? part : part?.text);

/** The template of a part: the field's, or the directory's file of its name. */
export const templateOf = (seed: CloudInit, field: Field): string | undefined => textOf(seed[field]) ?? seed.directory?.files?.[PARTS[field]];

/** Host names have no `_`, and names of resources may. */
export const hostnameOf = ({ hostname, name }: Instance) => hostname ?? name.toLowerCase().replaceAll("_", "-").replace(/[-.]+$/, "");

/** One part, rendered. A text that is a template of cloud-init's own is left to it. Throws a TemplateFault. */
export function partOf(instance: Instance, field: Field): string | undefined {
  const template = templateOf(instance.cloudInit!, field);
  return template === undefined || isJinja(template) ? template : userText(template, variables(instance));
}

function variables(instance: Instance): Record<string, unknown> {
  const { name, mac, uuid, serial, address, master, boot, cloudInit } = instance;
  const all = { name, hostname: hostnameOf(instance), mac, uuid, serial, address, seed: onDisk(boot, cloudInit!) ? undefined : urlOf(instance), master: { name: master.name, address: master.address, http: master.http }, config: cloudInit!.config ?? {} };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** All that is served of an instance's seed. NoCloud insists on user-data and meta-data, and asks for a missing vendor-data or network-config ten times, a second apart. */
export function seedOf(instance: Instance): Seed {
  const { directory, config, rerun } = instance.cloudInit!;
  const [userData, meta, network, vendorData] = FIELDS.map((field) => partOf(instance, field));
  const files = {
    ...directory?.files,
    "user-data": userData ?? "", "vendor-data": vendorData ?? "", "network-config": network ?? "",
    ...(config && Object.keys(config).length && { CONFIG: shellVariables(config) }),
  };
  const hostname = hostnameOf(instance);
  const content = [...Object.entries({ ...files, "meta-data": meta ?? "" }).sort(([a], [b]) => (a < b ? -1 : 1)), hostname];
  const derived = `iid-${instance.name}${rerun === "onChange" ? `-${createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 12)}` : ""}`;
  return {
    instanceId: identityIn(meta ?? "").instanceId ?? derived,
    files: { ...files, "meta-data": metaData(meta ?? "", { "instance-id": derived, "local-hostname": hostname }) },
  };
}

/** The file CONFIG: `. ./CONFIG` in a shell. */
const shellVariables = (config: Config) => Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${quote(String(value))}\n`).join("");

type SeedState = Pick<Desired, "builds"> & {
  state: Pick<HostState, "files" | "artifacts" | "links">;
  /** The volume that the machine is offered as a disk. */
  disk?: string;
};

/** The seed as it is served: its files, and, if it is asked for, the volume that holds them, under the name of its content and by a link; or as a disk, for its machine alone. */
export function seedState(instance: Instance): SeedState {
  const { files } = seedOf(instance);
  const { name, boot, cloudInit } = instance;
  if (onDisk(boot, cloudInit!)) {
    const { path, artifacts, builds } = volumeOf(files, CIDATA);
    return { state: { files: below(`${SEEDS}/${name}`, files, (text) => ({ text, mode: "0600" })), artifacts }, builds, disk: `${path}/${VOLUME}` };
  }
  const place = `${HTTP}${seedPath(name)}`;
  const served = below(place, files, (text) => text);
  if (cloudInit!.delivery !== "iso") return { state: { files: served } };
  const { path, artifacts, builds } = volumeOf(files, `${HTTP}/cidata`);
  return { state: { files: served, artifacts, links: { [`${place}.iso`]: `../cidata/${base(path)}/${VOLUME}` } }, builds };
}

const below = <T>(place: string, files: Record<string, string>, spec: (text: string) => T) => Object.fromEntries(Object.entries(files).map(([path, text]) => [`${place}/${path}`, spec(text)]));

const VOLUME = "cidata.iso";

/** The volume that holds these files, below this folder, under the name of its content. */
function volumeOf(files: Record<string, string>, folder: string) {
  const volume = iso("cidata", files);
  const recipe = createHash("sha256").update(volume).digest("hex");
  const path = `${folder}/${recipe.slice(0, 16)}`;
  const mode = folder === CIDATA ? "umask 077; " : "";
  const script = `${mode}echo ${gzipSync(volume).toString("base64")} | base64 -d | gzip -d >${VOLUME} && echo '${recipe}  ${VOLUME}' | sha256sum -c >/dev/null`;
  return { path, artifacts: { [path]: { recipe } }, builds: { [path]: { script } } };
}

/**
 * The boot with the argument that leads cloud-init to the seed. `ds=nocloud` alone is not enough before cloud-init 23: without `dsmode=net` it takes the seed for one of
 * the stage before the network. The two together are understood by all versions, and newer ones do not complain of an old name.
 */
export function seeded(instance: Instance): Boot {
  const { boot, cloudInit } = instance;
  if (!cloudInit || boot?.kind !== "kernel" || cloudInit.delivery === "iso") return boot;
  const source = cloudInit.datasource === "nocloud" ? "nocloud;dsmode=net" : "nocloud-net";
  return { ...boot, append: oneSpaced(`${boot.append ?? ""} ds=${source};s=${urlOf(instance)}`) };
}

/** For reviewers: whether what changes in the seed is run again is told by the instance-id. */
export function seedSummary(instance: Instance): string {
  const { instanceId, files } = seedOf(instance);
  const { name, boot, cloudInit } = instance;
  const disk = onDisk(boot, cloudInit!);
  const place = disk ? `LUN ${SEED_LUN}` : `${seedPath(name).slice(1)}${cloudInit!.delivery === "iso" ? ".iso" : ""}`;
  const when = disk && disksOf(boot).every(({ persist }) => persist === "discard") ? "at each boot" : "once";
  return `cloud-init: runs ${when} as instance-id ${instanceId} (${place}: ${Object.keys(files).sort().join(", ")})`;
}
