import { createHash } from "node:crypto";
import { blobPath, HTTP, SITE } from "../../boot/script";
import type { FileRef, WinPeRef } from "../../boot/types";
import { INCOMING } from "../../engine/kinds/blobs";
import type { Build, Check } from "../../engine/state";
import type { ResourceType } from "../../resource";
import { hasUnknown, settled, UNKNOWN } from "../../unknown";
import { rules } from "./rules";
import { making, uploads } from "./scripts";
import type { WinPeImage } from "./types";

/** A copy of boot.wim while it is worked on, and as it is served: of an ISO image nobody knows before how much of it that is. */
function room(input: WinPeImage): Check[] {
  const bytes = uploads(input).reduce((sum, { size }) => sum + (size ?? 0), input.wimboot.size ?? 0);
  return [{ check: "space", path: SITE, bytes: Math.ceil(bytes * 1.1) + (64 << 20) }, { check: "space", path: INCOMING, bytes }];
}

const type: ResourceType<WinPeImage> = {
  name: "WinPeImage",
  rules,
  claims: ({ name }) => [{ kind: "name", value: `WinPeImage ${name}`, property: "name" }],
  desired(input) {
    const { name, master, wimboot, source, index, gui } = input;
    const { script, recipe } = making(input);
    const loader: FileRef = { name: wimboot.name, sha256: wimboot.sha256! };
    const digest = hasUnknown([recipe, loader]) ? UNKNOWN : createHash("sha256").update(`${recipe}\n${loader.sha256}\n`).digest("hex");
    const folder = hasUnknown(recipe) ? UNKNOWN : `/winpe/${recipe.slice(0, 16)}`;
    const place = HTTP + folder;
    const machine = source.images?.[(index ?? source.bootIndex ?? 0) - 1]?.machine;
    const ref: WinPeRef = { name, masterName: master.name, digest, folder, wimboot: loader, ...(machine && { machine }), ...(index !== undefined && { index }), ...(gui && { gui }) };
    const build: Build = { script, uploads: uploads(input).map(({ sha256, size }) => ({ sha256, size })) };
    return {
      state: {
        packages: { wimtools: {}, ...(source.wim ? {} : { "7zip": {} }) },
        directories: { [`${HTTP}/winpe`]: "0755" },
        // Not with the packages' versions, by which nobody wants hundreds of megabytes sent again.
        artifacts: { [place]: { recipe } },
        blobs: { [HTTP + blobPath(loader)]: { sha256: loader.sha256, size: wimboot.size! } },
      },
      outputs: settled({ ref, digest, url: master.http + folder }),
      checks: room(input),
      builds: { [place]: build },
      sources: Object.fromEntries([[loader.sha256, wimboot.path], ...uploads(input).map(({ sha256, path }) => [sha256, path])]),
    };
  },
};
export default type;
