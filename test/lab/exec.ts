// Commands inside a lab container, by the engine (not by SSH: nothing is installed for it and no key is needed).
import type { StartedTestContainer } from "testcontainers";

export interface Executed {
    stdout: string;
    stderr: string;
    exitCode: number;
}

/** Runs a shell command and gives back what it wrote and how it ended. */
export async function tryExec(container: StartedTestContainer, command: string): Promise<Executed> {
    const { stdout, stderr, exitCode } = await container.exec(["sh", "-c", command]);
    return { stdout, stderr, exitCode };
}

/** Runs a shell command that must succeed, and gives back what it wrote. */
export async function exec(container: StartedTestContainer, command: string): Promise<string> {
    const { stdout, stderr, exitCode } = await tryExec(container, command);
    if (exitCode !== 0) throw new Error(`in ${container.getName()}: exit code ${exitCode} from\n${command}\n${stderr || stdout}`);
    return stdout;
}

/** Asks until `ask` answers something other than undefined. */
export async function until<T>(what: string, timeoutMs: number, ask: () => Promise<T | undefined>): Promise<T> {
    let last: unknown;
    for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
        const answer = await ask().catch((error) => void (last = error));
        if (answer !== undefined) return answer as T;
        await new Promise((next) => setTimeout(next, 100));
    }
    throw new Error(`${what}: not within ${timeoutMs / 1000} s`, { cause: last });
}
