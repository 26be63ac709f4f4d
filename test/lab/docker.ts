// The Docker engine, as testcontainers finds it, and the one way in which the lab starts a container.
import type { ContainerCreateOptions, HostConfig } from "dockerode";
import { GenericContainer, getContainerRuntimeClient, PullPolicy, StartupCheckStrategy, type StartupStatus } from "testcontainers";

// Testcontainers' reaper is an image of its own, to be pulled from a registry; the lab cleans up after itself.
process.env.TESTCONTAINERS_RYUK_DISABLED = "true";

export async function docker() {
    const { container } = await getContainerRuntimeClient();
    return { dockerode: container.dockerode };
}

/** Ready as soon as the process runs: whoever starts a container knows better what to wait for next. */
class Running extends StartupCheckStrategy {
    async checkStartupState(dockerode: Awaited<ReturnType<typeof docker>>["dockerode"], id: string): Promise<StartupStatus> {
        const { State: state } = await dockerode.getContainer(id).inspect();
        return state.Running ? "SUCCESS" : state.ExitCode || state.Error ? "FAIL" : "PENDING";
    }
}

export interface Place {
    network: string;
    address?: string;
    labels: Record<string, string>;
}

/** A container of the lab: labelled, on a network of the lab, with a fixed address where one is given. */
export class LabContainer extends GenericContainer {
    constructor(image: string, { network, address, labels }: Place) {
        super(image);
        this.withLabels(labels).withAutoCleanup(false).withPullPolicy(PullPolicy.neverPull()).withWaitStrategy(new Running());
        this.withNetworkMode(network);
        const endpoint = address ? { IPAMConfig: { IPv4Address: address } } : {};
        this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: endpoint } };
    }

    /** Options of the engine that testcontainers has no method for. */
    withHost(options: HostConfig): this {
        Object.assign(this.hostConfig, options);
        return this;
    }

    withCreate(options: Partial<ContainerCreateOptions>): this {
        Object.assign(this.createOpts, options);
        return this;
    }
}
