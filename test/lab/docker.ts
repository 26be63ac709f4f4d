// The Docker engine, as testcontainers finds it, and the one way in which the lab starts a container.
import type Dockerode from "dockerode";
import type { ContainerCreateOptions, HostConfig } from "dockerode";
import { GenericContainer, getContainerRuntimeClient, PullPolicy, StartupCheckStrategy, type StartupStatus } from "testcontainers";
import { images } from "../setup/where.mjs";

// Testcontainers' reaper is an image of its own, to be pulled from a registry; the lab cleans up after itself.
process.env.TESTCONTAINERS_RYUK_DISABLED = "true";

export async function docker(): Promise<{ dockerode: Dockerode }> {
    const { container } = await getContainerRuntimeClient();
    return { dockerode: container.dockerode };
}

/** Ready as soon as the process runs, or has done its work: whoever starts a container knows better what to wait for next. */
class Running extends StartupCheckStrategy {
    async checkStartupState(dockerode: Dockerode, id: string): Promise<StartupStatus> {
        const { State: state } = await dockerode.getContainer(id).inspect();
        if (state.ExitCode || state.Error) return "FAIL";
        return state.Running || state.Status === "exited" ? "SUCCESS" : "PENDING";
    }
}

/** The images that set-up builds. */
export type ImageName = "masterDebian12" | "masterDebian13" | "daemonsDebian12" | "client" | "clientArm64" | "dhcp" | "bmc" | "vmMaster" | "vmMasterZfs";

export function imageTag(name: ImageName): string {
    const tag = (images as Record<string, string | undefined>)[name];
    if (!tag) throw new Error(`set-up makes no image called ${name}`);
    return tag;
}

export interface Place {
    network: string;
    address?: string;
    labels: Record<string, string>;
}

/** A container of the lab: labelled, on a network of the lab, with a fixed address where one is given. */
export class LabContainer extends GenericContainer {
    constructor(image: ImageName, { network, address, labels }: Place) {
        super(imageTag(image));
        this.withLabels(labels).withAutoCleanup(false).withPullPolicy(PullPolicy.neverPull()).withWaitStrategy(new Running());
        this.withNetworkMode(network);
        if (address) this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } };
    }

    /** Options of the engine that testcontainers has no method for. */
    withHost(options: HostConfig & { CgroupnsMode?: "private" | "host" }): this {
        Object.assign(this.hostConfig, options);
        return this;
    }

    withCreate(options: Partial<ContainerCreateOptions>): this {
        Object.assign(this.createOpts, options);
        return this;
    }
}
