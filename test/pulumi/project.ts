// A Pulumi project as a user has one: a copy of an example, a file backend and a home of its own, and the real CLI.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endsWithUs } from "./family.ts";
import { cacheDir, pulumiEnv } from "../setup/where.mjs";

const repository = join(import.meta.dirname, "..", "..");

export interface Ran {
    /** stdout and stderr as they came. */
    text: string;
    code: number;
    seconds: number;
}

export interface RunOptions {
    /** Shows it as it comes, with colours. */
    show?: boolean;
    env?: NodeJS.ProcessEnv;
    /** The exit code that is expected; anything else throws. Default 0; "any" never throws. */
    expect?: number | "any";
    signal?: AbortSignal;
}

export interface Project {
    folder: string;
    /** Runs the CLI on this project: `run(["up", "--yes"])`. */
    run(args: string[], options?: RunOptions): Promise<Ran>;
    /** What the CLI and what it starts see. */
    env: NodeJS.ProcessEnv;
    /** Changes the program, as an editor would. */
    edit(change: (text: string) => string, file?: string): void;
    /** The stack's state, decrypted by nobody. */
    state(): any;
    /** Leaves it on disk after the process; without it the process takes it along, however it ends. */
    keep(): void;
    remove(): void;
}

/** Copies `examples/<example>` (or takes the files given) and makes a stack with this configuration. */
export async function openProject(example: string | Record<string, string>, config: Record<string, unknown> = {}, stack = "lab"): Promise<Project> {
    const folder = mkdtempSync(join(tmpdir(), `netboot-project-${process.pid}-`));
    const remove = () => rmSync(folder, { recursive: true, force: true });
    process.on("exit", remove);
    const program = join(folder, "program");
    if (typeof example === "string") cpSync(join(repository, "examples", example), program, { recursive: true });
    else writeFiles(program, { "Pulumi.yaml": "name: netboot-test\nruntime: nodejs\n", ...example });
    for (const file of ["package.json", "tsconfig.json"]) cpSync(join(repository, "examples", file), join(program, file));
    symlinkSync(join(repository, "node_modules"), join(program, "node_modules"));
    for (const name of ["home", "state", "tmp"]) mkdirSync(join(folder, name));

    const env = {
        ...process.env,
        ...pulumiEnv(),
        PULUMI_HOME: join(folder, "home"),
        PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
        PULUMI_CONFIG_PASSPHRASE: "",
        TMPDIR: join(folder, "tmp"),         // where the CLI has pipes that it leaves when it is interrupted
        NODE_NO_WARNINGS: "1",
        // Every run starts two more Nodes, which load the same megabytes of Pulumi and TypeScript.
        NODE_COMPILE_CACHE: join(cacheDir, "compiled"),
    };
    const run = (args: string[], options: RunOptions = {}) => pulumi(program, args, env, options);
    const projectName = /^name: *(\S+)/m.exec(readFileSync(join(program, "Pulumi.yaml"), "utf8"))![1]!;
    await run(["stack", "init", stack]);
    const settings = join(program, `Pulumi.${stack}.yaml`);
    const lines = Object.entries(config).map(([key, value]) => `  ${projectName}:${key}: ${JSON.stringify(value)}\n`);
    writeFileSync(settings, `${readFileSync(settings, "utf8")}config:\n${lines.join("")}`);

    return {
        folder: program,
        run,
        env,
        edit(change, file = "index.ts") {
            const path = join(program, file);
            const before = readFileSync(path, "utf8");
            const after = change(before);
            if (after === before) throw new Error(`the edit of ${file} changed nothing`);
            writeFileSync(path, after);
        },
        state: () => JSON.parse(readFileSync(join(folder, "state", ".pulumi", "stacks", projectName, `${stack}.json`), "utf8")).checkpoint.latest,
        keep: () => void process.off("exit", remove),
        remove() {
            process.off("exit", remove);
            remove();
        },
    };
}

function writeFiles(folder: string, files: Record<string, string>): void {
    mkdirSync(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

function pulumi(cwd: string, args: string[], env: NodeJS.ProcessEnv, options: RunOptions): Promise<Ran> {
    const colour = options.show && process.stdout.isTTY ? "always" : "never";
    const started = Date.now();
    const child = spawn("pulumi", [...args, "--non-interactive", "--color", colour], { cwd, env: { ...env, ...options.env }, stdio: ["ignore", "pipe", "pipe"], signal: options.signal });
    const ended = endsWithUs(child);
    let text = "";
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
            if (options.show) process.stdout.write(chunk);
        });
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (status) => {
            ended();
            const code = status ?? 255;
            const expected = options.expect ?? 0;
            if (expected !== "any" && code !== expected) reject(new Error(`pulumi ${args.join(" ")}: exit code ${code}, expected ${expected}\n${text}`));
            else resolve({ text, code, seconds: (Date.now() - started) / 1000 });
        });
    });
}
