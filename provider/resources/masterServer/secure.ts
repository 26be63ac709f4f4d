import { blobProblems } from "../../boot/rules";
import { blobPath, HTTP, TFTP } from "../../boot/script";
import { GRUB, LEAD, SHIM } from "../../boot/secure";
import { type Blob, byFirmware } from "../../boot/types";
import type { BlobSpec } from "../../engine/state";
import type { Problem } from "../../resource";
import { quoted } from "../../words";
import { nameOf } from "./loaders";
import type { MasterServer } from "./types";

const NAMES = { shim: SHIM, grub: GRUB };
const files = ({ secureBoot }: MasterServer) => (secureBoot ? (Object.entries(secureBoot) as [keyof typeof NAMES, Blob][]).sort() : []);
const served = ({ name, sha256 }: Blob) => HTTP + blobPath({ name, sha256: sha256! });

/** The signed loaders under the names that firmware is told and that shim asks for. */
export function secureState(input: MasterServer) {
  const all = files(input);
  return {
    links: Object.fromEntries(all.map(([part, blob]) => [`${TFTP}/${NAMES[part]}`, served(blob)])),
    blobs: Object.fromEntries(all.map(([, blob]): [string, BlobSpec] => [served(blob), { sha256: blob.sha256!, size: blob.size! }])),
    sources: Object.fromEntries(all.map(([, { sha256, path }]) => [sha256!, path])),
    directories: Object.fromEntries(all.length ? [[`${TFTP}/grub`, "0755"]] : []),
    files: all.length ? LEAD : {},
  };
}

/** Loaders are served beside them, each under its own name. */
const namesakes = ({ loaders }: MasterServer, name: string): Problem[] =>
  byFirmware(loaders).filter(([, loader]) => nameOf(loader) === name).map(([firmware]) => ({ property: `loaders.${firmware}`, reason: `loaders.${firmware} is a file "${name}", the name under which secureBoot's own is served: rename the file.` }));

export const secureProblems = (input: MasterServer): Problem[] =>
  files(input).flatMap(([part, blob]) => {
    const property = `secureBoot.${part}`;
    const wrong = [...blobProblems(blob, property), ...namesakes(input, NAMES[part])];
    if (wrong.length) return wrong;
    const say = (what: string, mend: string): Problem[] => [{ property, reason: `${property} is ${quoted(blob.path)}, which ${what}: ${mend}.` }];
    if (!blob.signed || blob.machine !== "x86_64") return say("is no signed EFI program for x86_64", "take the file from the distribution's package, as signed by it");
    return part === "grub" && !blob.http ? say("cannot fetch over HTTP", "take grubnetx64.efi.signed of Debian 13 or later") : [];
  });
