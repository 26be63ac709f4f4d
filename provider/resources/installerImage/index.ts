import type { InstallerImageInput as InstallerImage } from "@pulumi-netboot/schema/filled";
import { createHash } from "node:crypto";
import { blobProblems } from "../../boot/rules";
import { oneSpaced } from "../../boot/kernel";
import { blobPath, HTTP, SITE } from "../../boot/script";
import type { Blob, InstallerRef } from "../../boot/types";
import type { Desired, Problem, ResourceType } from "../../resource";
import { textOf } from "../../seed/seed";
import { hasUnknown, settled, UNKNOWN } from "../../unknown";
import { quoted } from "../../words";
import { packaged, unpacking } from "./package";

/** What is unpacked and sent at most, beside what is counted. */
const ROOM = 400 << 20;

function rules(input: InstallerImage): Problem[] {
  const { name, master, family, package: own, kernel, initrds, template } = input;
  const say = (property: string, reason: string): Problem[] => [{ property, reason: `${property} ${reason}.` }];
  return [
    ...(master.installers ? [] : say("master", `is "${master.name}", which takes no orders for installations: give the MasterServer installers: true`)),
    ...(own && family !== "debian" ? say("package", `is ${quoted(own.name)}, and family is "${family}": a package is for family: "debian"; give kernel and initrds`) : []),
    ...(own && kernel ? say("package", `is ${quoted(own.name)}, and kernel is given as well: leave one of them out`) : []),
    ...(own || kernel ? [] : say("kernel", `is missing: give the installer's kernel and initrds${family === "debian" ? ', or package: { name: "debian-installer-12-netboot-amd64" }' : ""}`)),
    ...(kernel ? blobProblems(kernel, "kernel") : []),
    ...initrds.flatMap((initrd, i) => blobProblems(initrd, `initrds[${i}]`)),
    ...(template === undefined && family !== "custom" ? say("template", `is missing: give the ${family} installer ${name} the template of its answer file, as text or { path }`) : []),
    ...(typeof template === "object" && template.text === undefined ? say("template", `is ${quoted(template.path)}, which could not be read (${(template.problem ?? "no text is given").replace(/\s+/g, " ")}): give the path of a text file, absolute or relative to the program`) : []),
  ];
}

interface Files extends Pick<Desired, "state" | "sources" | "builds"> {
  digest: string;
  kernel: string;
  initrds: string[];
}

/** Out of a package, by the master; or files from here. Of both, the package's come first: what a later one holds takes its files' place. */
function filesOf({ package: own, kernel, initrds }: InstallerImage): Files {
  if (!own) return sent(kernel, initrds);
  const { recipe, script } = unpacking(own);
  const path = `/installer/${recipe.slice(0, 16)}`;
  const unpacked: Files = { digest: recipe, kernel: `${path}/linux`, initrds: [`${path}/initrd.gz`], state: { artifacts: { [HTTP + path]: { recipe } } }, builds: { [HTTP + path]: { script } } };
  if (!initrds.length) return unpacked;
  const { digest, initrds: more, state, sources } = sent(undefined, initrds);
  return { ...unpacked, digest: digest === UNKNOWN ? UNKNOWN : digestOf([recipe, digest]), initrds: [...unpacked.initrds, ...more], state: { ...unpacked.state, ...state }, sources };
}

const digestOf = (parts: string[]) => createHash("sha256").update(parts.map((part) => `${part}\n`).join("")).digest("hex");

function sent(kernel: Blob | undefined, initrds: Blob[]): Files {
  const all = [...(kernel ? [kernel] : []), ...initrds];
  const known = ({ name, sha256 }: Blob) => ({ name, sha256: sha256! });
  return {
    digest: hasUnknown(all) ? UNKNOWN : digestOf(all.map(({ sha256 }) => sha256!)),
    kernel: kernel ? blobPath(known(kernel)) : "", initrds: initrds.map((file) => blobPath(known(file))),
    state: { blobs: Object.fromEntries(all.map((file) => [HTTP + blobPath(known(file)), { sha256: file.sha256!, size: file.size! }])) },
    sources: Object.fromEntries(all.map(({ sha256, path }) => [sha256!, path])),
  };
}

const type: ResourceType<InstallerImage> = {
  name: "InstallerImage",
  normalise: (input) => ({ ...input, cmdline: typeof input.cmdline === "string" ? oneSpaced(input.cmdline) : input.cmdline }),
  rules,
  claims: ({ name }) => [{ kind: "name", value: `InstallerImage ${name}`, property: "name" }],
  desired(input) {
    const { name, master, family, kernel, initrds, cmdline, template, answers } = input;
    const { digest, kernel: path, initrds: paths, ...made } = filesOf(input);
    const { machine, signed } = input.package ? packaged(input.package) : (kernel ?? {});
    const ref: InstallerRef = {
      name, masterName: master.name, digest, family, kernel: path, initrds: paths, cmdline, template: textOf(template) ?? "",
      ...(machine && { machine }), ...(signed && { signed }),
      ...(typeof template === "object" && { place: template.path }), ...(Object.keys(answers).length && { answers }),
    };
    const bytes = [kernel, ...initrds].reduce((sum, file) => sum + (file?.size ?? 0), 0);
    return { ...made, outputs: settled({ ref, digest }), checks: [{ check: "space", path: SITE, bytes: bytes + (input.package ? ROOM : 0) }] };
  },
};
export default type;
