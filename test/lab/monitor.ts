// QEMU's monitor: a button on the machine.
import type { StartedTestContainer } from "testcontainers";
import { exec } from "./exec.ts";
import { monitorSocket } from "./machine.ts";

/** Carries out one command; throws with QEMU's words where it refuses. */
export async function monitor(container: StartedTestContainer, command: string, values: Record<string, unknown> = {}): Promise<void> {
    const lines = [{ execute: "qmp_capabilities" }, { execute: command, arguments: values }].map((line) => JSON.stringify(line)).join("\n");
    // -t: time for the answer after the last line was sent.
    const answer = await exec(container, `printf '%s\\n' '${lines}' | socat -t 0.3 - UNIX-CONNECT:${monitorSocket}`);
    if (/"error"/.test(answer)) throw new Error(`${command}: ${answer}`);
}
