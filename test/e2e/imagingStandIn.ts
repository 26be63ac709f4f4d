// For tests in which nothing boots: in place of the imaging system, whose building takes a minute, an empty folder with the stamp of its recipe.
import { createHash } from "node:crypto";
import { imaging } from "../../provider/dist/imaging/index.js";

const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");
const { id, script } = imaging({ authorizedKeys: [], firmware: [] });

/** A command of the master's, before the first `up` with `imaging: {}`. */
export const imagingStandIn = `install -d -m 755 /srv/netboot/http/imaging/${id} && printf 'recipe ${sha256(script)}\\nwhole ${sha256("\t755\n")}\\n' >/srv/netboot/http/imaging/${id}/.recipe`;
