// IPv6 router advertisements on a network of the lab, from a container of their own, so that no master needs to send them.
// iPXE asks for IPv4 and IPv6 at once and waits 15 s for a router that isn't there, each time that it configures a card.
import type { Lab } from "./lab.ts";
import type { LabNetwork } from "./network.ts";

// The engine switches IPv6 off in a container whose network has none. Router lifetime 0: an address, but no route.
const script = `
echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6
ip addr add fd77::1/64 dev eth0 nodad
exec dnsmasq --no-daemon --port=0 --log-facility=- --interface=eth0 --enable-ra --dhcp-range=fd77::,ra-only --ra-param=eth0,10,0`;

export function advertise(lab: Lab, network: LabNetwork): Promise<unknown> {
    return lab.once(`advertisements ${network.name}`, () =>
        lab.start("dhcp", { network }, (it) =>
            it.withHostname("router").withAddedCapabilities("NET_ADMIN")
                .withHost({ ReadonlyPaths: [] })
                .withEntrypoint(["sh", "-c", script])));
}
