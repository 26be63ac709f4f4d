#!/usr/bin/env node
import { parseArgs } from "node:util";
import { DISCOVERED, discovered } from "./discovered";
import { doctor } from "./doctor";
import { Misused } from "./misused";
import { POWER, power } from "./power";
import { status } from "./status";
import { SWITCH, switchTo } from "./switch";

const DOCTOR = `netboot doctor [--stack NAME] [--json]

  Asks every master of the Pulumi program in this folder what \`pulumi up\` would ask before its first write: system and tools, sudo,
  disk space, ports, other DHCP servers. Writes nothing. Exits with 1 where something stands in the way.

    netboot doctor
    netboot doctor --json | jq '.[] | select(.ok | not)'
`;

const STATUS = `netboot status [--stack NAME] [--json] [--once]

  Shows every machine of the stack: what it is assigned, which generation it is to have and has, stage, percent, speed, time left, when it was heard,
  its disk or its error; of those that stay up, how to get in; of captured disks, the line for the program. The same columns as the page (MasterServer.page).
  On a terminal it stays and shows it anew until no order is open (--once: not); elsewhere it prints one table. Writes nothing, runs no program.
  Exits with 1 where a machine has failed.

    netboot status
    netboot status --once --json
`;

export interface Options {
    stack?: string;
    json?: boolean;
    once?: boolean;
    all?: boolean;
    "at-once"?: string;
    names?: string;
    csv?: boolean;
    declared?: boolean;
    yes?: boolean;
}

interface Command {
    run: (options: Options, words: string[]) => Promise<number>;
    usage: string;
    /** Does it take words behind its name? */
    words?: boolean;
}

const commands: Record<string, Command> = { doctor: { run: doctor, usage: DOCTOR }, status: { run: status, usage: STATUS }, discovered: { run: discovered, usage: DISCOVERED, words: true }, power: { run: power, usage: POWER, words: true }, switch: { run: switchTo, usage: SWITCH, words: true } };
const USAGE = Object.values(commands).map(({ usage }) => usage).join("\n");

async function main(): Promise<number> {
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: {
            stack: { type: "string" }, json: { type: "boolean" }, once: { type: "boolean" }, all: { type: "boolean" }, "at-once": { type: "string" },
            names: { type: "string" }, csv: { type: "boolean" }, declared: { type: "boolean" }, yes: { type: "boolean", short: "y" }, help: { type: "boolean", short: "h" },
        },
    });
    const [name = "", ...words] = positionals;
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (values.help || !command || (words.length && !command.words)) {
        process.stderr.write(command?.usage ?? USAGE);
        return values.help ? 0 : 2;
    }
    try {
        return await command.run(values, words);
    } catch (error) {
        if (!(error instanceof Misused)) throw error;
        process.stderr.write(`netboot: ${error.message}\n\n${command.usage}`);
        return 2;
    }
}

main().then(
    (code) => process.exit(code),
    (error: Error) => {
        process.stderr.write(`netboot: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no pulumi on PATH" : error.message}\n`);
        process.exit(1);
    },
);
