// Accidents: what happens to servers and their cables. For a client's cable, see `Client.link`.
import { docker } from "./docker.ts";
import { exec } from "./exec.ts";
import type { Lab } from "./lab.ts";
import type { LabNetwork } from "./network.ts";
import type { StartedTestContainer } from "testcontainers";

interface Victim {
    container: StartedTestContainer;
}

const engineOf = async ({ container }: Victim) => (await docker()).dockerode.getContainer(container.getId());

/** The machine stands still: no process of it runs, its connections stay open and silent. */
export const freeze = async (victim: Victim): Promise<void> => void (await (await engineOf(victim)).pause());
export const thaw = async (victim: Victim): Promise<void> => void (await (await engineOf(victim)).unpause());

/** The power fails, and comes back. What was not yet synced is not lost: the file system is this machine's. */
export const powerOff = async (victim: Victim): Promise<void> => void (await (await engineOf(victim)).kill());
export const powerOn = async (victim: Victim): Promise<void> => void (await (await engineOf(victim)).start());

/** It shuts down in good order, and is off: until `powerOn`. */
export const shutDown = async (victim: Victim): Promise<void> => void (await (await engineOf(victim)).stop({ t: 120 }));

/** The cable is pulled somewhere behind the switch: packets are lost and nobody is told. */
export const unplug = (lab: Lab, victim: Victim, inside = "eth0"): Promise<void> => wire(lab, victim, inside, "nomaster");
export const plug = (lab: Lab, victim: Victim, network: LabNetwork = lab.network, inside = "eth0"): Promise<void> =>
    wire(lab, victim, inside, `master ${network.bridge}`);

/** The other end of a container's interface is this machine's: moved by a helper there, so that the test needs no rights for it. */
async function wire(lab: Lab, { container }: Victim, inside: string, change: string): Promise<void> {
    const other = (await exec(container, `cat /sys/class/net/${inside}/iflink`)).trim();
    const script = `name=$(ip -o link | sed -n 's/^${other}: \\([^@:]*\\).*/\\1/p') && ip link set dev "$name" ${change}`;
    const helper = await lab.start("client", { host: true }, (it) => it.withAddedCapabilities("NET_ADMIN").withCommand(["sh", "-ec", script]));
    const { StatusCode: code } = await (await engineOf({ container: helper })).wait();
    if (code !== 0) throw new Error(`${container.getName()}: ${change}: exit code ${code}`);
}
