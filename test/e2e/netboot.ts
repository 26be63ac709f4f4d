// The command line of users, in the folder of a site.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export interface Ended {
    code: number;
    out: string;
    err: string;
}

export async function netboot({ folder, env }: { folder: string; env: NodeJS.ProcessEnv }, ...args: string[]): Promise<Ended> {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../../sdk/dist/cli/main.js"), ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 255)));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await ended, out, err };
}
