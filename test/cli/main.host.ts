// The command line as a whole: what every command has in common, and what it refuses before anything is asked of Pulumi or a master.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { handle, machine } from "../adapter/inputs.ts";

const folder = mkdtempSync(join(tmpdir(), "netboot-main-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const main = join(import.meta.dirname, "../../sdk/dist/cli/main.js");

/** A stand-in for the Pulumi CLI, which prints what it is given, or fails. */
function pulumi(state: object | undefined): void {
    writeFileSync(join(folder, "state.json"), JSON.stringify(state ?? {}));
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho "$@" >>${folder}/asked\n${state ? `cat ${folder}/state.json` : "echo 'error: no stack' >&2; exit 255"}\n`, { mode: 0o755 });
}
function netboot(args: string[], path = `${folder}:/usr/bin:/bin`): { code: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", input: "", env: { ...process.env, PATH: path } });
    return { code: status, out: stdout, err: stderr };
}
const commands = ["doctor", "status", "discovered", "power", "switch"];
const state = (...resources: object[]) => ({ deployment: { resources: resources.map((outputs) => ({ type: "pulumi-nodejs:dynamic/netboot:Machine", outputs })) } });

for (const command of commands)
    test(`netboot ${command} --help goes to stdout, with examples, --json, --stack and exit codes`, () => {
        for (const args of [[command, "--help"], ["-h", command]]) {
            const { code, out, err } = netboot(args);
            assert.deepEqual([code, err], [0, ""]);
            assert.match(out, new RegExp(`^netboot ${command} `));
            assert.match(out, new RegExp(`\\n\\n    netboot ${command}\\b`), "an example");
            for (const words of [/\[--json\]/, /\[--stack NAME\]/, /^ {2}Exits with 1 where /m, /^Exits with 0 .* and with 2, /m]) assert.match(out, words);
            assert.deepEqual(commands.filter((other) => out.includes(`netboot ${other} `)), [command], "of one command only");
        }
    });

test("--help alone is that of all commands; without a command, and with a wrong one, it says which there are", () => {
    const help = netboot(["--help"]);
    assert.deepEqual([help.code, help.err], [0, ""]);
    for (const command of commands) assert.match(help.out, new RegExp(`^netboot ${command} `, "m"));
    for (const [args, words] of [[[], /^netboot: netboot needs to know what to do\.\n/], [["docter"], /^netboot: There is no "docter", but doctor, status, discovered, power, switch\.\n/], [["--stack", "dev", "toString"], /There is no "toString"/]] as const) {
        const { code, out, err } = netboot([...args]);
        assert.deepEqual([code, out], [2, ""]);
        assert.match(err, words);
        for (const command of commands) assert.match(err, new RegExp(`^netboot ${command} `, "m"));
        assert.ok(err.split("\n").length < 15, "what was wrong is still on the screen");
    }
});

test("an option that a command has not, or that lacks its value, is refused with the command's usage and not passed over", () => {
    pulumi(undefined);
    const refused: [string[], RegExp][] = [
        [["status", "--all"], /^netboot: status takes no --all\.\n/],
        [["doctor", "--once"], /^netboot: doctor takes no --once\.\n/],
        [["power", "status", "--all", "--csv"], /^netboot: power takes no --csv\.\n/],
        [["discovered", "--yes"], /^netboot: discovered takes no --yes\.\n/],
        [["switch", "--at-once", "4"], /^netboot: switch takes no --at-once\.\n/],
        [["status", "desk-01"], /^netboot: status takes no further words, and is given "desk-01"\.\n/],
        [["status", "--jsn"], /^netboot: Unknown option '--jsn'/],
        [["status", "--stack"], /^netboot: Option '--stack <value>' argument missing/],
    ];
    for (const [args, words] of refused) {
        const { code, out, err } = netboot(args);
        assert.deepEqual([code, out], [2, ""], err);
        assert.match(err, words);
        assert.match(err, new RegExp(`\nnetboot ${args[0]} `));
    }
    assert.throws(() => rmSync(join(folder, "asked")), /ENOENT/, "nothing was asked of Pulumi");
});

test("without Pulumi, without a stack, and with a stack of no machines, each command says so", () => {
    for (const command of commands) {
        const args = command === "power" ? ["power", "status", "--all"] : [command];
        const none = netboot(args, "/nowhere");
        assert.deepEqual([none.code, none.out, none.err], [1, "", "netboot: there is no pulumi on PATH\n"]);
        pulumi(undefined);
        const failed = netboot([...args, "--stack", "dev"]);
        assert.deepEqual([failed.code, failed.out], [1, ""]);
        assert.match(failed.err, /error: no stack\nnetboot: pulumi (preview|stack export) ended with exit code 255/);
        pulumi(command === "doctor" ? { steps: [] } : state());
        const empty = netboot(args);
        assert.deepEqual([empty.code, /^netboot: No machine|^No |^$/.test(empty.out || empty.err)], [command === "power" ? 2 : 0, true], empty.out + empty.err);
        const json = netboot([...args, "--json"]);
        if (command !== "power") assert.deepEqual([json.code, JSON.parse(json.out), json.err], [0, [], ""]);
    }
    assert.match(netboot(["status", "--stack", "dev"]).out, /No resource of this stack declares a machine/);
});

test("status says which master cannot be asked, beside what there is of others, and exits with 1", () => {
    const nowhere = { host: "127.0.0.1", port: 1, hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4vhUe5cXP6hjpWY7H7n6nIbMLHvUw0MHO4SCDq4XMd", password: "in-state-only" };
    pulumi(state(check(resourceType("Machine"), {}, machine("desk-01", { mac: "52:54:00:00:07:01", __master: handle({ connection: nowhere }) }) as any).inputs));
    for (const more of [[], ["--json"]]) {
        const { code, out, err } = netboot(["status", ...more]);
        assert.deepEqual([code, out], [1, more.length ? "[]\n" : ""]);
        assert.match(err, /^netboot: .*127\.0\.0\.1/);
        assert.ok(!err.includes("in-state-only"));
    }
});
