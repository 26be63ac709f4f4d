// Someone else's DHCP server on a network of the lab: plain dnsmasq, in a container of its own.
import type { StartedTestContainer } from "testcontainers";
import { tryExec, until } from "./exec.ts";
import type { Lab } from "./lab.ts";
import type { LabNetwork } from "./network.ts";

export interface ForeignDhcpOptions {
    network?: LabNetwork;
    address?: string;                    // default its number 3
    range?: [number, number];            // last numbers of the addresses that it gives; default 200 to 229
    more?: string[];                     // further arguments: "--dhcp-boot=other.0"
}

export interface ForeignDhcp {
    address: string;
    container: StartedTestContainer;
    /** All that it has said so far: each question and each answer (`--log-dhcp`). */
    log(): Promise<string>;
    stop(): Promise<void>;
}

export async function startForeignDhcp(lab: Lab, options: ForeignDhcpOptions = {}): Promise<ForeignDhcp> {
    const network = options.network ?? lab.network;
    const address = options.address ?? network.at(3);
    const [first, last] = options.range ?? [200, 229];
    const log = "/tmp/dnsmasq.log";
    const container = await lab.start("dhcp", { network, address }, (it) =>
        it.withHostname("foreign").withAddedCapabilities("NET_ADMIN").withEntrypoint([
            "dnsmasq", "--no-daemon", "--port=0", "--log-dhcp", `--log-facility=${log}`, "--leasefile-ro", "--no-ping", "--dhcp-authoritative",
            `--dhcp-range=${network.at(first)},${network.at(last)},10m`, `--dhcp-option=option:router,${network.gateway}`, ...(options.more ?? []),
        ]));
    const said = async () => (await tryExec(container, `cat ${log}`)).stdout;
    await until(`the DHCP server ${address}`, 20_000, async () => (await said()).includes("DHCP, IP range") || undefined);
    return {
        address,
        container,
        log: said,
        stop: async () => void (await container.stop()),
    };
}
