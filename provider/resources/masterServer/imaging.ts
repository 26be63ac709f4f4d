import { createHash } from "node:crypto";
import { imaging, type Imaging } from "../../imaging";
import { HTTP, SITE } from "../../boot/script";
import type { ImagingRef } from "../../boot/types";
import type { Build, HostState } from "../../engine/state";
import { patience } from "./multicast";
import type { MasterServer } from "./types";

/** What an imaging system takes on the master: kernel and initial RAM disk, and what is unpacked while it is built. */
export const IMAGING_ROOM = 1200 << 20;

/** The recipe is a text of some size, and the same for as long as its options are. */
const made = new Map<string, Imaging>();

function recipeOf({ authorizedKeys, firmware, generation }: NonNullable<MasterServer["imaging"]>): Imaging {
  const options = { authorizedKeys, firmware, generation }, key = JSON.stringify(options);
  const known = made.get(key) ?? imaging(options);
  made.set(key, known);
  return known;
}

export const imagingRef = ({ imaging: wanted }: MasterServer): { imaging?: ImagingRef } => (
  wanted ? { imaging: { id: recipeOf(wanted).id, cmdline: wanted.cmdline, ...(wanted.multicast && { multicast: { patience: patience(wanted.multicast) } }) } } : {}
);

/** The imaging system as an artifact of the master, and the directories that orders and images need. */
export function imagingState({ imaging: wanted }: MasterServer): Pick<HostState, "artifacts"> & { directories: Record<string, string>; builds: Record<string, Build> } {
  if (!wanted) return { directories: {}, builds: {} };
  const { id, packages, script } = recipeOf(wanted);
  const path = `${HTTP}/imaging/${id}`;
  return {
    artifacts: { [path]: { recipe: createHash("sha256").update(script).digest("hex"), ...(packages.length && { packages }) } },
    builds: { [path]: { script } },
    directories: {
      ...Object.fromEntries([...["imaging", "images", "chunks", "orders"].map((part) => `${HTTP}/${part}`), `${SITE}/claims`, `${SITE}/reports`].map((path) => [path, "0755"])),
      // Captured disks hold everything; and what nginx has of one before it is whole.
      [`${SITE}/captures`]: "0700", [`${SITE}/claims/.incoming`]: "0700",
    },
  };
}
