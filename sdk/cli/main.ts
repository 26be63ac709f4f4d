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
  disk space, ports and who holds them, interfaces, other DHCP servers; and what else keeps machines from booting: addresses, clock, firewall, and
  of a master in service its units, what HTTP and TFTP answer, and files that their daemons cannot read (docs/operations.md). Writes nothing.
  A line says ok, FAIL with its mend, or hint: what may be right as it is, or could not be told.
  Exits with 1 where a line says FAIL, a master cannot be reached, or the program does not preview; a hint alone does not change that it exits with 0.

    netboot doctor
    netboot doctor --json | jq '.[] | select(.ok | not)'
    netboot doctor --json | jq -r '.[] | select(.hint) | .what'
`;

const STATUS = `netboot status [--stack NAME] [--json] [--once]

  Shows every machine of the stack: what it is assigned, which generation it is to have and has, stage, percent, speed, time left, when it was heard,
  its disk or its error; of those that are in the imaging system, how to get in; of captured disks, the line for the program. The same columns as the page (MasterServer.page).
  On a terminal it stays and shows it anew until no order is open (--once: not); elsewhere it prints one table. Writes nothing, runs no program.
  Exits with 1 where a machine has failed or a master cannot be asked; the machines of the others are shown.

    netboot status
    netboot status --json | jq -r '.[] | select(.said.stage == "failed") | .machine'
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
    /** What it takes beside --stack and --json. */
    takes: Exclude<keyof Options, "stack" | "json">[];
    /** Does it take words behind its name? */
    words?: boolean;
}

const commands: Record<string, Command> = {
    doctor: { run: doctor, usage: DOCTOR, takes: [] },
    status: { run: status, usage: STATUS, takes: ["once"] },
    discovered: { run: discovered, usage: DISCOVERED, takes: ["all", "names", "csv", "declared"], words: true },
    power: { run: power, usage: POWER, takes: ["all", "at-once"], words: true },
    switch: { run: switchTo, usage: SWITCH, takes: ["yes"], words: true },
};
const COMMON = `All take --stack NAME, which is by default the stack that pulumi has selected in this folder, and --help. What is asked for goes to stdout (--json: for programs), all else to stderr.
Exits with 0 where all is well, with 1 where it is not, and with 2, having done nothing, where the words of the command cannot be followed.
`;
const all = Object.values(commands).map(({ usage }) => usage);
const USAGE = [...all, COMMON].join("\n");
/** Only how each begins: what was said is to be seen above it. */
const SYNOPSIS = `${all.flatMap((usage) => usage.match(/^netboot .*\n/gm)!).join("")}netboot COMMAND --help says more.\n`;

const commandOf = (name = "") => (Object.hasOwn(commands, name) ? commands[name] : undefined);

async function main(): Promise<number> {
    try {
        const { values: { help, ...options }, positionals: [name, ...words] } = parsed();
        const command = commandOf(name);
        if (help) {
            process.stdout.write(command ? `${command.usage}\n${COMMON}` : USAGE);
            return 0;
        }
        if (!command) throw new Misused(name === undefined ? "netboot needs to know what to do." : `There is no ${JSON.stringify(name)}, but ${Object.keys(commands).join(", ")}.`);
        const odd = (Object.keys(options) as (keyof Options)[]).find((option) => option !== "stack" && option !== "json" && !command.takes.includes(option));
        if (odd) throw new Misused(`${name} takes no --${odd}.`);
        if (words.length && !command.words) throw new Misused(`${name} takes no further words, and is given ${words.map((word) => JSON.stringify(word)).join(", ")}.`);
        return await command.run(options, words);
    } catch (error) {
        if (!(error instanceof Misused)) throw error;
        const meant = commandOf(process.argv.slice(2).find(commandOf));
        process.stderr.write(`netboot: ${error.message}\n\n${meant?.usage ?? SYNOPSIS}`);
        return 2;
    }
}

function parsed() {
    try {
        return parseArgs({
            allowPositionals: true,
            options: {
                stack: { type: "string" }, json: { type: "boolean" }, once: { type: "boolean" }, all: { type: "boolean" }, "at-once": { type: "string" },
                names: { type: "string" }, csv: { type: "boolean" }, declared: { type: "boolean" }, yes: { type: "boolean", short: "y" }, help: { type: "boolean", short: "h" },
            },
        });
    } catch (error) {
        // What Node says of an option that nobody has, or that lacks its value.
        throw new Misused((error as Error).message);
    }
}

main().then(
    (code) => process.exit(code),
    (error: NodeJS.ErrnoException) => {
        process.stderr.write(`netboot: ${error.code === "ENOENT" && error.syscall === "spawn pulumi" ? "there is no pulumi on PATH" : error.message}\n`);
        process.exit(1);
    },
);
