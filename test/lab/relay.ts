// A router between two networks of the lab that also relays DHCP: a subnet whose clients never share a wire with the master.
import type { StartedTestContainer } from "testcontainers";
import { docker } from "./docker.ts";
import { exec } from "./exec.ts";
import type { Lab } from "./lab.ts";
import type { LabNetwork } from "./network.ts";

export interface RelayOptions {
    near?: LabNetwork;                   // the master's network; default the lab's first
    far: LabNetwork;                     // the clients' network
    server: string;                      // the DHCP server, on the near network
    last?: number;                       // the relay's last number on both networks; default 4
}

export interface Relay {
    container: StartedTestContainer;
    near: string;                        // the master needs a route: `ip route add FAR-SUBNET via NEAR`
    far: string;                         // the clients' router, and what DHCP knows as giaddr
}

export async function startRelay(lab: Lab, { near = lab.network, far, server, last = 4 }: RelayOptions): Promise<Relay> {
    const addresses = { near: near.at(last), far: far.at(last) };
    const container = await lab.start("dhcp", { network: near, address: addresses.near }, (it) =>
        it.withHostname("relay").withAddedCapabilities("NET_ADMIN")
            .withHost({ Sysctls: { "net.ipv4.ip_forward": "1" } })
            .withEntrypoint(["sleep", "infinity"]));
    const { dockerode } = await docker();
    await dockerode.getNetwork(far.id).connect({ Container: container.getId(), EndpointConfig: { IPAMConfig: { IPv4Address: addresses.far } } });
    await exec(container, `dnsmasq --port=0 --pid-file=/tmp/relay.pid --log-dhcp --log-facility=/tmp/relay.log --dhcp-relay=${addresses.far},${server}`);
    return { container, ...addresses };
}
