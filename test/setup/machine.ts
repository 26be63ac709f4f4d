// A machine for set-up to work on: the real set-up in a folder like the repository's, and a PATH that holds only what the test puts there. A tool is a few
// lines of shell in the real one's place; each writes down that it was called, and how.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const here = join(import.meta.dirname, "..", "..");
const real = (name: string) => join(process.env.PATH!.split(":").find((folder) => existsSync(join(folder, name)))!, name);
const harmless = ["cat", "chmod", "cp", "ln", "mkdir", "mktemp", "mv", "nice", "rm", "sed", "sh", "sleep", "tar"];
/** Installing is root's alone: who is not becomes it in a name space of users. */
const asRoot = process.getuid!() === 0 ? [] : [real("unshare"), "--map-root-user"];

const made: string[] = [];
process.on("exit", () => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export interface Ended {
    code: number | null;
    /** What it said. */
    text: string;
}

export class Machine {
    readonly folder = mkdtempSync(join(tmpdir(), "netboot-setup-"));
    readonly repository = join(this.folder, "repository");
    readonly bin = join(this.folder, "bin");
    readonly cache = join(this.folder, "home/.cache/pulumi-netboot");
    readonly env: Record<string, string> = { PATH: this.bin, HOME: join(this.folder, "home") };
    private readonly main = join(this.repository, "test/setup/main.mjs");

    constructor() {
        made.push(this.folder);
        for (const dir of [this.bin, join(this.repository, "test")]) mkdirSync(dir, { recursive: true });
        for (const name of ["test/setup", "test/images", "package.json", "package-lock.json"]) cpSync(join(here, name), join(this.repository, name), { recursive: true });
        const fromNpm = "node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs"; // the CLI's third program
        mkdirSync(dirname(join(this.repository, fromNpm)), { recursive: true });
        cpSync(join(here, fromNpm), join(this.repository, fromNpm));
        for (const name of harmless) symlinkSync(real(name), join(this.bin, name));
    }

    /** Puts a tool on PATH, or into another folder. */
    tool(name: string, script = ":", folder = this.bin): void {
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >>${this.folder}/called\n${script}\n`, { mode: 0o755 });
    }

    /** The command lines since the last look. */
    called(): string[] {
        const file = join(this.folder, "called");
        const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
        rmSync(file, { force: true });
        return lines;
    }

    start(steps: string, then: string[] = [], node: string[] = []): ChildProcess {
        const [command, ...args] = [...asRoot, process.execPath, ...node, this.main, "--only", steps, ...then];
        return spawn(command!, args, { cwd: this.repository, env: this.env });
    }

    /** Runs these steps to their end, without a terminal. */
    setUp(steps: string, ...more: [then?: string[], node?: string[]]): Promise<Ended> {
        return ended(this.start(steps, ...more));
    }

    /** The same on a terminal, where a person types `answer` at the question. */
    atTerminal(steps: string, answer: string): Promise<Ended> {
        const line = [...asRoot, process.execPath, this.main, "--only", steps].join(" ");
        const child = spawn(real("script"), ["-qec", line, "/dev/null"], { cwd: this.repository, env: { ...this.env, SHELL: "/bin/sh" } });
        let seen = "";
        child.stdout.on("data", (chunk) => {
            if (!seen.includes("[Y/n]") && (seen += chunk).includes("[Y/n]")) child.stdin.write(answer);
        });
        return ended(child).then(({ code, text }) => ({ code, text: text.replace(/\r|\x1b\[\d*[A-Z]/g, "") }));
    }

    /** Every file of the repository with its time and size. */
    files(): string[] {
        return globSync("**", { cwd: this.repository }).map((name) => {
            const { mtimeMs, size } = statSync(join(this.repository, name));
            return `${name} ${mtimeMs} ${size}`;
        }).sort();
    }
}

export function ended(child: ChildProcess): Promise<Ended> {
    let text = "";
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve({ code, text }));
    });
}

export const until = async (so: () => boolean): Promise<void> => {
    for (const end = Date.now() + 20_000; !so(); ) {
        if (Date.now() > end) throw new Error("it did not come to that within 20 s");
        await new Promise((next) => setTimeout(next, 20));
    }
};
