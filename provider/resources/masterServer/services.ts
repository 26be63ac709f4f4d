import { SITE } from "../../boot/script";
import { LIVE, type ServiceSpec } from "../../engine/state";

export const DHCP_UNIT = "netboot-dhcp.service";
export const HTTP_UNIT = "netboot-http.service";
export const unitPath = (unit: string) => `/etc/systemd/system/${unit}`;

/** `$LIVE` is the staged set; both checkers then read the very files that would go into service, and nothing else. */
export const services: Record<string, ServiceSpec> = {
  [DHCP_UNIT]: {
    check: 'dnsmasq --test --conf-file="$LIVE/dnsmasq.conf" "--conf-dir=$LIVE/dnsmasq.d,*.conf"',
    restartOn: [unitPath(DHCP_UNIT), `${LIVE}/dnsmasq.conf`, `${LIVE}/dnsmasq.d`],
    reloadOn: [`${SITE}/dhcp-hosts`],
    // dhcp-hostsdir (dnsmasq(8)): a new machine is read as it comes. So a thousand of them need no reload, of which each would read a thousand files.
    findsNew: true,
    // Nothing is offered before it can be fetched.
    order: 60,
  },
  [HTTP_UNIT]: {
    check: 'nginx -t -q -e stderr -c "$LIVE/nginx.conf"',
    // A reload that fails, on a port that is taken, leaves nginx running with what it had: only a restart tells.
    restartOn: [unitPath(HTTP_UNIT), `${LIVE}/nginx.conf`],
    reloadOn: [`${LIVE}/nginx.d`],
  },
};
