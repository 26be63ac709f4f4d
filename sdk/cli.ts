#!/usr/bin/env node
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import type { Diagnosis, Planned } from "@pulumi-netboot/provider";

const USAGE = `netboot doctor [--stack NAME] [--json]

  Asks every master of the Pulumi program in this folder what \`pulumi up\` would ask before its first write: system and tools, sudo,
  disk space, ports, other DHCP servers. Writes nothing. Exits with 1 where something stands in the way.
`;

async function main(): Promise<number> {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { stack: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } } });
    if (values.help || positionals.length !== 1 || positionals[0] !== "doctor") {
        process.stderr.write(USAGE);
        return values.help ? 0 : 2;
    }
    const { diagnose } = await import("@pulumi-netboot/provider");
    const found = await diagnose(await planned(values.stack));
    process.stdout.write(values.json ? `${JSON.stringify(found, null, 2)}\n` : table(found));
    return found.every(({ ok }) => ok) ? 0 : 1;
}

/** The resources of the program, as a preview plans them. The preview's secrets stay in this process. */
async function planned(stack: string | undefined): Promise<Planned[]> {
    const args = ["preview", "--json", "--show-sames", "--show-secrets", "--non-interactive", ...(stack ? ["--stack", stack] : [])];
    const child = spawn("pulumi", args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const [output, code] = await Promise.all([text(child.stdout), ended]);
    const plan = JSON.parse(output || "{}") as { steps?: { newState?: Planned }[]; diagnostics?: { severity: string; message: string }[] };
    for (const { severity, message } of plan.diagnostics ?? []) if (severity === "error" || severity === "warning") process.stderr.write(message);
    if (code !== 0) throw new Error(`pulumi preview ended with exit code ${code}; doctor needs a program that previews.`);
    return (plan.steps ?? []).flatMap(({ newState }) => (newState?.inputs ? [{ type: newState.type, inputs: newState.inputs }] : []));
}

function table(found: Diagnosis[]): string {
    if (!found.length) return "No master is declared here, or none is known yet.\n";
    const hosts = Map.groupBy(found, ({ host }) => host);
    return [...hosts].map(([host, all]) => `${host}\n${all.map(line).join("")}`).join("\n");
}

const line = ({ ok, what, mend, for: who }: Diagnosis) => `  ${ok ? "ok  " : "FAIL"}  ${what}${ok ? "" : `  (${who})`}\n${!ok && mend ? `        ${mend}\n` : ""}`;

main().then(
    (code) => process.exit(code),
    (error: Error) => {
        process.stderr.write(`netboot: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no pulumi on PATH" : error.message}\n`);
        process.exit(1);
    },
);
