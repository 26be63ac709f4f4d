import type { DiskImageInput as DiskImage } from "@pulumi-netboot/schema/filled";
import { createHash } from "node:crypto";
import { HTTP, SITE } from "../../boot/script";
import type { DiskImageRef } from "../../boot/types";
import { INCOMING } from "../../engine/kinds/blobs";
import type { Build, Check } from "../../engine/state";
import type { Problem, ResourceType } from "../../resource";
import { settled } from "../../unknown";
import { quoted } from "../../words";
import { ingest, type From } from "./scripts";

type Source = DiskImage["source"];

/** How images are taken in: raised when ingest.sh makes anything else of the same source. */
const RECIPE = "netboot-image 1";
const PLACES = ["path", "url", "master"] as const;

/** Where it comes from, in the user's words. */
const named = (source: Source): string => `source is ${quoted(source.path ?? source.url ?? source.master)}`;
const digestOf = ({ source, sha256 }: DiskImage): string => source.sha256 ?? sha256 ?? "";

function rules(input: DiskImage): Problem[] {
  const { source, sha256, size } = input;
  const problem = (reason: string): Problem[] => [{ property: "source", reason }];
  const given = PLACES.filter((place) => source[place] !== undefined);
  if (given.length !== 1) return problem(`source is ${quoted(source)}, and must say one place: a path, { path }, { url, sha256 } or { master, sha256 }.`);
  if (source.problem) return problem(`${named(source)}, which could not be read (${plain(source.problem)}): give the path of a file, absolute or relative to the program.`);
  if (source.size === 0) return problem(`${named(source)}, which is empty: give an image with content.`);
  if (source.fault) return problem(`${named(source)}, which ${plain(source.fault)}.`);
  if (!digestOf(input)) return problem(`${named(source)} without a digest: add sha256, as \`sha256sum\` prints it; it is what the image is known by before the master has it.`);
  if (source.path !== undefined && (source.size === undefined || source.sha256 === undefined || source.format === undefined)) return problem(`${named(source)} without a digest, a size and a format: pass the path of a file and let the SDK find them out.`);
  if (sha256 && source.sha256 && sha256 !== source.sha256)
    return problem(`${named(source)}, whose SHA-256 is ${source.sha256} and not ${sha256} as the program says: put the right file there or correct the digest.`);
  if (size !== undefined && source.raw !== undefined && size !== source.raw)
    return [{ property: "size", reason: `size is ${size}, and ${quoted(source.path)} is the image of a disk of ${source.raw} bytes: leave size out, as the file says it itself, or put the right file there.` }];
  return [];
}

const plain = (words: string): string => words.replace(/\s+/g, " ").replace(/\.$/, "").slice(0, 400);

/** Room for the chunks, which are about as large as a packed source is; of a raw one nobody knows before how well it packs. And for what is sent, until it is taken in. */
function room({ path, size, format }: Source): Check[] {
  if (path === undefined || size === undefined) return [];
  const MIB = 1024 * 1024;
  if (format === "raw") return [{ check: "space", path: SITE, bytes: Math.ceil(size / 4) + 256 * MIB }];
  return [{ check: "space", path: SITE, bytes: Math.ceil(size * 1.1) + 256 * MIB }, { check: "space", path: INCOMING, bytes: size }];
}

function build({ name, source }: DiskImage, sha256: string, raw: number | undefined): Build {
  const { path, url, master, size = 0, format } = source;
  const from: From = path !== undefined ? { from: format === "raw" ? "blocks" : "file" } : url !== undefined ? { from: "url", where: url } : { from: "master", where: master ?? "" };
  const script = ingest(name, sha256, from, raw);
  if (path === undefined) return { script };
  return { script, uploads: [{ sha256, size, ...(format === "raw" && { blocks: `${HTTP}/chunks` }) }] };
}

const type: ResourceType<DiskImage> = {
  name: "DiskImage",
  rules,
  claims: ({ name }) => [{ kind: "name", value: `DiskImage ${name}`, property: "name" }],
  desired(input) {
    const { name, master, source } = input;
    const sha256 = digestOf(input);
    const place = `${HTTP}/images/${sha256}`;
    const size = source.raw ?? input.size;
    const ref: DiskImageRef = { name, masterName: master.name, digest: sha256, ...(size !== undefined && { size }) };
    const fetched = source.url !== undefined;
    return {
      state: {
        packages: { zstd: {}, "xz-utils": {}, xxhash: {}, ...(fetched && { curl: {}, ...(source.url!.startsWith("https:") && { "ca-certificates": {} }) }) },
        directories: { [`${HTTP}/images`]: "0755", [`${HTTP}/chunks`]: "0755" },
        // Not with the packages' versions: a later zstd makes other frames of the same bytes, and nobody wants every image taken in again for it.
        artifacts: { [place]: { recipe: createHash("sha256").update(`${RECIPE}\n${sha256}\n`).digest("hex") } },
      },
      outputs: settled({ ref, digest: sha256, url: `${master.http}/images/${sha256}/index`, ...(size !== undefined && { size }) }),
      checks: [...room(source), ...(size === undefined || source.raw !== undefined ? [] : [{ check: "image" as const, name, path: place, size }])],
      builds: { [place]: build(input, sha256, size) },
      ...(source.path !== undefined && { sources: { [sha256]: source.path } }),
    };
  },
};
export default type;
