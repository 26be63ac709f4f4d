// A run of Pulumi's, with what our transport and engine counted in it.
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Project, Ran } from "../pulumi/project.ts";

export interface Costs {
    costs?: Record<string, number>;
}

const file = join(tmpdir(), `netboot-counts-${process.pid}`);

export async function counted(project: Project, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran & Costs> {
    rmSync(file, { force: true });
    const ran = await project.run(args, { env: { ...env, NETBOOT_COUNTS: file } });
    return { ...ran, costs: read() };
}

function read(): Record<string, number> | undefined {
    try {
        return JSON.parse(readFileSync(file, "utf8"));
    } catch {
        // A program that asked no master wrote nothing.
        return undefined;
    }
}
