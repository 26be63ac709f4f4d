// Ctrl-C of the demo on a terminal, where it reaches everything that runs there at once, as a person's does.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { family } from "../pulumi/family.ts";
import { cacheDir } from "../setup/where.mjs";

/** What has been on the screen when Ctrl-C is pressed, by what the demo is doing then. */
export const moments = {
    "the master starts": /1\. A plain master/,
    "the preview runs": /pulumi-nodejs|Previewing update/,
    "an up is under way": /creating/,
    "the clients boot": /3\. Two machines boot[^]*dhcp/,
    "a client boots again": /4\. A new command line[^]*Duration[^]*desk-01 .*firmware/,
    "a refresh runs": /Refreshing/,
    "a destroy is under way": /7\. Destroy[^]*deleting/,
};

/** Containers and networks of these processes. */
export function traces(owners: number[]): string[] {
    const owned = (kind: string[], name: string) =>
        execFileSync("docker", [...kind, "--filter", "label=pulumi-netboot.lab", "--format", `${name} {{.Label "pulumi-netboot.lab.owner"}}`], { encoding: "utf8" })
            .split("\n").filter((line) => owners.some((pid) => line.includes(` ${pid}/`)));
    return [...owned(["ps", "-a"], "{{.Names}}"), ...owned(["network", "ls"], "{{.Name}}")];
}

const words = (pid: number): string => {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
        return ""; // it has just ended
    }
};
const processes = () => readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);

/** Starts the demo as `npm run demo` does, presses Ctrl-C at the moment, and looks for what is left. */
export async function interrupt(moment: keyof typeof moments, command = `${process.execPath} test/setup/main.mjs --only docker,images --then test/demo/main.ts`): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "netboot-demo-"));
    // npm, too, has a new Node keep what it compiles, and without a word in the temporary folder.
    const env = { ...process.env, TMPDIR: folder, TERM: "dumb", NODE_COMPILE_CACHE: join(cacheDir, "compiled") };
    const child = spawn("script", ["-qec", command, "/dev/null"], { env, stdio: "pipe" });
    let text = "", ours: number[] = [];
    const end = new Promise<number | null>((resolve) => child.on("close", resolve));
    await new Promise<void>((resolve, reject) => {
        void end.then(() => reject(new Error(`the demo ended before that moment:\n${text.slice(-3000)}`)));
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
            text = (text + chunk).replace(/\r|\x1b\[\d*[A-Za-z]/g, "");
            if (moments[moment].test(text)) resolve();
        });
    });
    ours = family(child.pid!);
    const made = traces(ours);
    child.stdin.write("\x03");
    const code = await end;
    try {
        assert.equal(code, 130, text.slice(-3000));
        if (moment !== "the master starts") assert.notDeepEqual(made, [], "there was something to leave");
        assert.deepEqual(traces(ours), [], "containers and networks");
        assert.deepEqual(readdirSync(folder), [], "the project with its state and the lock on it, keys and other files");
        assert.deepEqual(processes().map(words).filter((command) => command.includes(folder)), [], "processes");
        const lock = join(cacheDir, "lock");
        assert.ok(!existsSync(lock) || !ours.includes(parseInt(readFileSync(lock, "utf8"))), "the lock of set-up");
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
