import { HTTP, leftoversOf, registering, SITE } from "../../boot/script";
import { DISCOVERED, LIVE, type HostState } from "../../engine/state";
import { templates } from "../../render";
import { imagingRef } from "./imaging";
import type { MasterServer } from "./types";

const template = templates(__dirname);

/** Most bytes of what one machine says of its hardware. */
const REPORT = "16k";

/** What an unknown machine does before all else, where it is to register: it leaves a line, and, where the master has an imaging system, is asked once what hardware it has. */
export function registerScript(input: MasterServer, http: string): string {
  const ref = imagingRef(input);
  const job = ref.imaging && registering({ http, ...ref });
  return template("register.ipxe.njk", { job: job || false, leftovers: job ? leftoversOf([job]) : false, stall: input.retries.stallSeconds * 1000 });
}

/** Places for what unknown machines say, and how one is taken. */
export function registerState({ unknownMachines, imaging, registerLimit }: MasterServer): Required<Pick<HostState, "files" | "places">> {
  if (unknownMachines !== "register" || !imaging) return { files: {}, places: {} };
  const free = Array.from({ length: registerLimit }, (_, i) => String(i).padStart(3, "0"));
  return {
    files: {
      [`${HTTP}/register.ipxe`]: "#!ipxe\nset netboot-register yes\n",
      [`${LIVE}/nginx.d/register.conf`]: template("register.conf.njk", { site: SITE, base: DISCOVERED.slice(SITE.length), discovered: DISCOVERED, free, most: REPORT }),
    },
    places: { [DISCOVERED]: registerLimit },
  };
}
