import { blobProblems } from "../../boot/rules";
import type { Problem } from "../../resource";
import { quoted } from "../../words";
import type { Drivers, Source, Wimboot, WinPeImage } from "./types";

export const rules = ({ wimboot, source, index, drivers, startScript }: WinPeImage): Problem[] => [
  ...wimbootProblems(wimboot),
  ...sourceProblems(source),
  ...(source.wim ? imageProblems(source, index, wimboot) : []),
  ...drivers.flatMap((one, i) => driverProblems(one, `drivers[${i}]`)),
  ...startProblems(startScript),
];

const one = (property: string, reason: string): Problem[] => [{ property, reason: `${property} ${reason}` }];
const plain = (words: string): string => words.replace(/\s+/g, " ").replace(/\.$/, "").slice(0, 400);

function wimbootProblems(wimboot: Wimboot): Problem[] {
  const wrong = blobProblems(wimboot, "wimboot");
  if (wrong.length) return wrong;
  if (!wimboot.expected) return one("wimboot", `is ${quoted(wimboot.path)} without the digest that it must have: write { path: ${quoted(wimboot.path)}, sha256: ${quoted(wimboot.sha256)} } if it is the file that you mean; no distribution answers for it.`);
  if (wimboot.fault) return one("wimboot", `is ${quoted(wimboot.path)}, which ${plain(wimboot.fault)}: give the file wimboot of a release of https://ipxe.org/wimboot.`);
  return [];
}

function sourceProblems(source: Source): Problem[] {
  const { path, master, sha256, problem, fault } = source;
  if ((path === undefined) === (master === undefined)) return one("source", `is ${quoted(source)}, and must say one place: the path of a directory or of an ISO image, or { master, sha256 }.`);
  const named = `is ${quoted(path ?? master)}`;
  if (problem) return one("source", `${named}, which could not be read (${plain(problem)}): give the path of a directory or of an ISO image, absolute or relative to the program.`);
  if (fault) return one("source", `${named}, which ${plain(fault)}.`);
  if (source.wim) return [...blobs(source)];
  if (!sha256) return one("source", `${named} without a digest: add sha256, as \`sha256sum\` prints it; it is what the image is known by before the master has looked into it.`);
  return path !== undefined && !source.size ? one("source", `${named} without a size, or empty: pass the path of an ISO image and let the SDK find out.`) : [];
}

const blobs = ({ bcd, sdi, wim }: Source): Problem[] =>
  [["BCD", bcd] as const, ["boot.sdi", sdi] as const, ["boot.wim", wim] as const].flatMap(([name, file]) => (file ? blobProblems(file, "source") : one("source", `has no ${name}: pass the path of a directory and let the SDK find its files.`)));

/** What the header of a local boot.wim says; of one in an ISO image the master asks. */
function imageProblems({ wim, bootIndex = 0, images = [] }: Source, index: number | undefined, { machine }: Wimboot): Problem[] {
  const held = `${quoted(wim!.path)} holds ${images.length === 1 ? "one image" : `${images.length} images`}${images.some(({ name }) => name) ? ` (${images.map(({ name }, i) => `${i + 1}: ${name ?? "without a name"}`).join(", ")})` : ""}`;
  if (index !== undefined && index > images.length) return one("index", `is ${index}, and ${held}: write a number from 1 to ${images.length}.`);
  const at = index ?? bootIndex;
  if (!at) return one("index", `is missing, and no image of ${quoted(wim!.path)} is bootable by its header; ${held}: say which one starts.`);
  const found = images[at - 1];
  if (!found?.machine) return one("source", `has in ${quoted(wim!.path)} an image ${at} that is for no processor known here, as Windows PE for x86, x86_64 or arm64 would be: take boot.wim from Windows installation media or from the Windows ADK, or name another image by index; ${held}.`);
  if (machine && machine !== found.machine && !(machine === "x86_64" && found.machine === "x86"))
    return one("wimboot", `is for ${machine}, and image ${at} of ${quoted(wim!.path)} for ${found.machine}: give the wimboot for that processor, or another image.`);
  return [];
}

function driverProblems({ path, files, problem }: Drivers, property: string): Problem[] {
  if (problem || !files) return one(property, `is ${quoted(path)}, which could not be read (${plain(problem ?? "no files are given")}): give the path of a directory with drivers, absolute or relative to the program.`);
  if (!files.some(({ name }) => /\.inf$/i.test(name))) return one(property, `is ${quoted(path)}, which holds no .inf file, and drvload takes nothing else: unpack the driver there.`);
  const odd = files.find(({ name }) => /(^|\/)(\.\.?)?(\/|$)/.test(name));
  return odd ? one(property, `is ${quoted(path)} with a file ${quoted(odd.name)}, which leads out of it: give paths below the directory.`) : [];
}

function startProblems(script: WinPeImage["startScript"]): Problem[] {
  if (typeof script !== "object" || (script.text !== undefined && !script.problem)) return [];
  return one("startScript", `is ${quoted(script.path)}, which could not be read (${plain(script.problem ?? "no text is given")}): give the path of a batch file, absolute or relative to the program.`);
}
