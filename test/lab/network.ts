// A private network of the lab: an ordinary Docker bridge with a subnet of its own, whose gateway address is this machine's.
import { randomInt } from "node:crypto";
import { docker } from "./docker.ts";

export interface LabNetwork {
    id: string;
    name: string;
    subnet: string;                      // "10.83.7.0/24"
    gateway: string;                     // this machine's own address on it, "10.83.7.1"
    bridge: string;                      // the bridge's name on this machine
    /** The address with this last number. Free for tests: 2 to 239; the engine gives the rest to containers without a fixed one. */
    at(last: number): string;
}

export interface NetworkOptions {
    prefix?: string;                     // the first three numbers: "10.83.7"; random by default, so that runs side by side don't collide
}

export async function createNetwork(labels: Record<string, string>, lab: string, options: NetworkOptions = {}): Promise<LabNetwork> {
    for (let attempt = 1; ; attempt++) {
        const prefix = options.prefix ?? `10.${randomInt(77, 100)}.${randomInt(0, 256)}`;
        try {
            return await create(labels, lab, prefix);
        } catch (error) {
            // Another network, here or on a route of this machine, has that subnet: draw again.
            if (options.prefix || attempt === 20 || !/overlap/i.test(String(error))) throw error;
        }
    }
}

async function create(labels: Record<string, string>, lab: string, prefix: string): Promise<LabNetwork> {
    const { dockerode } = await docker();
    const suffix = prefix.split(".").slice(1).join("-");
    const name = `netboot-lab-${lab}-${suffix}`;
    const bridge = `nbl-${suffix}`;
    const [subnet, gateway] = [`${prefix}.0/24`, `${prefix}.1`];
    const network = await dockerode.createNetwork({
        Name: name,
        Driver: "bridge",
        Labels: labels,
        IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway, IPRange: `${prefix}.240/28` }] },
        Options: { "com.docker.network.bridge.name": bridge },
    });
    return { id: network.id, name, subnet, gateway, bridge, at: (last) => `${prefix}.${last}` };
}
