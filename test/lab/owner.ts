// Who a container or network of the lab belongs to, and whether that process still lives. Everything that the lab makes
// carries these labels, so that the leftovers of a run that was killed are found and removed by the next one.
import { readFileSync, readlinkSync } from "node:fs";
import { docker } from "./docker.ts";

export const labLabel = "pulumi-netboot.lab";
const ownerLabel = "pulumi-netboot.lab.owner";

/** `keep`: what a person asked to keep to play with is no leftover of a dead run. */
export function labels(id: string, keep: boolean): Record<string, string> {
    return { [labLabel]: id, [ownerLabel]: keep ? "kept" : ownerOf(process.pid)! };
}

/** A process by its number, its start time (numbers are used again) and the name space that the number is counted in. */
function ownerOf(pid: number): string | undefined {
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
        return `${pid}/${started}/${numberSpace()}`;
    } catch {
        return undefined;
    }
}

const numberSpace = () => readlinkSync("/proc/self/ns/pid");

/** A process of another name space can't be judged from here, so it counts as alive. */
function isDead(owner: string): boolean {
    const [pid, , space] = owner.split("/");
    return space === numberSpace() && ownerOf(Number(pid)) !== owner;
}

/** Removes what dead runs left behind; with `kept`, also the labs that were kept on purpose. Returns their ids. */
export async function sweep({ kept = false } = {}): Promise<string[]> {
    const { dockerode } = await docker();
    const filters = { label: [labLabel] };
    const [containers, networks] = await Promise.all([
        dockerode.listContainers({ all: true, filters }),
        dockerode.listNetworks({ filters }),
    ]);
    const dead = new Set<string>();
    for (const { Labels: its } of [...containers, ...networks])
        if (its?.[ownerLabel] === "kept" ? kept : isDead(its?.[ownerLabel] ?? "")) dead.add(its![labLabel]!);
    await Promise.all([...dead].map(remove));
    return [...dead];
}

/** Removes everything of the lab `id`. */
export async function remove(id: string): Promise<void> {
    const { dockerode } = await docker();
    const filters = { label: [`${labLabel}=${id}`] };
    const gone = (error: { statusCode?: number }) => {
        // 404: someone else was quicker; 409: its removal is already under way.
        if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
    };
    const containers = await dockerode.listContainers({ all: true, filters });
    await Promise.all(containers.map((one) => dockerode.getContainer(one.Id).remove({ force: true, v: true }).catch(gone)));
    const networks = await dockerode.listNetworks({ filters });
    await Promise.all(networks.map((one) => dockerode.getNetwork(one.Id).remove().catch(gone)));
}
