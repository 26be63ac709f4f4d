// The demo is a promise of the README: it runs to its end, and Ctrl-C leaves nothing behind.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const start = () => spawn(process.execPath, [join(import.meta.dirname, "main.ts")], { stdio: ["ignore", "pipe", "pipe"] });
const ended = (child: ReturnType<typeof start>) => new Promise<number | null>((resolve) => child.on("close", resolve));

/** Containers and networks that a process made. */
function traces(pid: number): string[] {
    const owned = (kind: string[], name: string) =>
        execFileSync("docker", [...kind, "--filter", "label=pulumi-netboot.lab", "--format", `${name} {{.Label "pulumi-netboot.lab.owner"}}`], { encoding: "utf8" }).split("\n").filter((line) => line.includes(` ${pid}/`));
    return [...owned(["ps", "-a"], "{{.Names}}"), ...owned(["network", "ls"], "{{.Name}}")];
}

test("the demo runs to its end and says what it has shown", async () => {
    const child = start();
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    assert.equal(await ended(child), 0, text.slice(-4000));
    assert.match(text, /What was shown\n( {2}\d .*\n){7}/);
    assert.match(text, /desk-01 +firmware .* → dhcp .* → script .* → up /);
    assert.match(text, /desk-02 +firmware .* → dhcp .* → loader .* → script .* → up /);
    assert.match(text, /\+ set netboot-cmdline .*netboot\.lesson=2/);
    assert.match(text, /the master is as before/);
    assert.deepEqual(traces(child.pid!), []);
});

test("Ctrl-C in the middle of an up leaves no container, no network, no process and no project", async () => {
    const child = start();
    await new Promise<void>((resolve) => child.stdout.setEncoding("utf8").on("data", (chunk: string) => chunk.includes("creating") && resolve()));
    assert.notDeepEqual(traces(child.pid!), []);
    child.kill("SIGINT");
    assert.equal(await ended(child), 130);
    assert.deepEqual(traces(child.pid!), []);
    assert.deepEqual(commands().filter((command) => command.includes(`netboot-project-${child.pid}-`)), [], "nothing that the CLI had started is left running");
    assert.deepEqual(readdirSync(tmpdir()).filter((name) => name.startsWith(`netboot-project-${child.pid}-`)), []);
});

const commands = (): string[] =>
    readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
        try {
            return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
        } catch {
            return []; // it has just ended
        }
    });
