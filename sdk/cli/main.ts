#!/usr/bin/env node
import { parseArgs } from "node:util";
import { doctor } from "./doctor";
import { status } from "./status";

const USAGE = `netboot doctor [--stack NAME] [--json]

  Asks every master of the Pulumi program in this folder what \`pulumi up\` would ask before its first write: system and tools, sudo,
  disk space, ports, other DHCP servers. Writes nothing. Exits with 1 where something stands in the way.

netboot status [--stack NAME] [--json] [--once]

  Shows what the machines of the stack are doing that clone, capture or are rescued: stage, percent, speed, last error, generation; of those
  that stay up, how to get in; of captured disks, the line for the program.
  On a terminal it stays and shows it anew until no order is open (--once: not); elsewhere it prints one table. Writes nothing, runs no program.
  Exits with 1 where a machine has failed.
`;

export interface Options {
    stack?: string;
    json?: boolean;
    once?: boolean;
}

const commands: Record<string, (options: Options) => Promise<number>> = { doctor, status };

async function main(): Promise<number> {
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: { stack: { type: "string" }, json: { type: "boolean" }, once: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    const command = positionals.length === 1 ? commands[positionals[0]!] : undefined;
    if (values.help || !command) {
        process.stderr.write(USAGE);
        return values.help ? 0 : 2;
    }
    return command(values);
}

main().then(
    (code) => process.exit(code),
    (error: Error) => {
        process.stderr.write(`netboot: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no pulumi on PATH" : error.message}\n`);
        process.exit(1);
    },
);
