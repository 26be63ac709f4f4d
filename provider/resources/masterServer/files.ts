import { door, question, script, SITE, TFTP, tidy } from "../../boot/script";
import type { Boot } from "../../boot/types";
import { FRESH } from "../../boot/volumes";
import { LIVE, MEMORY, PASSWORDS } from "../../engine/state";
import { templates } from "../../render";
import { bytes } from "../../words";
import { installerFiles } from "./installers";
import { RUN } from "./multicast";
import { registerScript } from "./register";
import { DHCP_UNIT, HTTP_UNIT, unitPath } from "./services";
import type { MasterServer } from "./types";

export const LEASES = `${MEMORY}/leases`;
export const LOGS = "/var/log/netboot";

const template = templates(__dirname);

/** What follows `http://` in every URL; port 80 goes without saying, which firmware that boots over HTTP insists on. */
export const addressOf = ({ address, http }: MasterServer) => `${http.address || address}${http.port === 80 ? "" : `:${http.port}`}`;

export function filesOf(input: MasterServer): Record<string, string> {
  const { http } = input;
  return {
    [`${LIVE}/dnsmasq.conf`]: template("dnsmasq.conf.njk", { interface: input.interface ?? "", listen: listen(input), tftpRoot: TFTP, leases: LEASES, hosts: `${SITE}/dhcp-hosts` }),
    // No pool can have this name: they begin with a letter or a digit.
    [`${LIVE}/dnsmasq.d/_clients.conf`]: template("clients.conf.njk", {}),
    [`${LIVE}/nginx.conf`]: template("nginx.conf.njk", {
      listen: http.address ? `${http.address}:${http.port}` : String(http.port), root: `${SITE}/http`, site: SITE, run: RUN, fresh: FRESH, logs: LOGS, passwords: PASSWORDS,
      imaging: input.imaging !== undefined, multicast: input.imaging?.multicast !== undefined, captureLimit: String(bytes(input.imaging?.captureLimit ?? "") ?? 0),
      installers: input.installers, storage: input.storage !== undefined,
    }),
    [unitPath(DHCP_UNIT)]: template("dhcp.service.njk", { live: LIVE }),
    [unitPath(HTTP_UNIT)]: template("http.service.njk", { live: LIVE, logs: LOGS, run: RUN, multicast: input.imaging?.multicast !== undefined, storage: input.storage !== undefined }),
    ...installerFiles(input),
    "/etc/logrotate.d/netboot": template("logrotate.njk", { logs: LOGS }),
    [`${TFTP}/boot.ipxe`]: question(`http://${addressOf(input)}`, input),
    // For an iPXE that brings a script of its own, which chains here.
    [`${SITE}/http/boot.ipxe`]: question("", input),
    [`${SITE}/http/unknown.ipxe`]: unknown(input),
    [`${SITE}/http/door.ipxe`]: door(input.retries),
  };
}

/** With an interface named, dnsmasq binds that one's addresses only: TFTP elsewhere on the host has to be named too. */
const listen = ({ interface: only, tftp, address }: MasterServer) => (only && tftp.address && tftp.address !== address ? tftp.address : "");

/** What a machine boots that no script is there for. */
function unknown(input: MasterServer): string {
  const { unknownMachines, unknownMenu, localBoot, retries } = input;
  const boot: Boot = unknownMenu === undefined ? { kind: "local" } : { kind: "menu", menu: { name: unknownMenu, reaches: [] } };
  const before = unknownMachines === "register" && { before: tidy(registerScript(input, `http://${addressOf(input)}`)) };
  return script({ title: "unknown machine", ...before, boot, local: localBoot, retries });
}
