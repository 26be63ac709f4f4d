import type { PowerResult, PowerVerb } from "@pulumi-netboot/provider";
import type { Options } from "./main";
import { deployed } from "./stack";
import { columns } from "./table";

export const POWER = `netboot power on|off|cycle|status MACHINE… [--all] [--at-once N] [--stack NAME] [--json]

  Switches machines of the stack that have a \`power\`, or says whether they are on; from their master, which is reached as \`pulumi up\` reaches it. Runs no program.
  A MACHINE may hold * for any letters; --all is every machine. off and cycle ask nobody: what runs on the machine is not shut down first.
  Many are switched on one after the other, as many together as the master's \`power.atOnce\` says (--at-once: N instead).
  Exits with 1 where a machine could not be switched or asked, and with 2 where there is nothing of that name.

    netboot power status --all
    netboot power cycle desk-01 desk-02
    netboot power on 'rack3-*' --at-once 4
`;

const VERBS = ["on", "off", "cycle", "status"];

/** What is wrong with the words of a command; the caller shows the usage with it. */
export class Misused extends Error {}

export async function power({ stack, json, all, "at-once": atOnce }: Options, [verb = "", ...patterns]: string[]): Promise<number> {
    if (!VERBS.includes(verb)) throw new Misused(verb ? `power knows no "${verb}", but ${VERBS.join(", ")}.` : "power needs to know what to do.");
    if (!patterns.length && !all) throw new Misused(`power ${verb} needs the machines by name, or --all.`);
    if (atOnce !== undefined && !/^[1-9][0-9]{0,3}$/.test(atOnce)) throw new Misused(`--at-once is ${JSON.stringify(atOnce)}, and must be a number from 1 to 9999.`);
    const { poweredMachines, switchMachines } = await import("@pulumi-netboot/provider");
    const known = poweredMachines(await deployed(stack));
    const named = new Set(patterns.flatMap((pattern) => matching(pattern, [...known.keys()])));
    const chosen = [...known].filter(([name]) => all || named.has(name)).map(([, machine]) => machine);
    if (!chosen.length) throw new Misused("No machine of this stack has a power.");
    const results = await switchMachines(chosen, verb as PowerVerb, {
        ...(atOnce && { atOnce: Number(atOnce) }),
        ...(!json && verb !== "status" && { onProgress: (line: string) => process.stderr.write(`${line}\n`) }),
    });
    process.stdout.write(json ? `${JSON.stringify(results, null, 2)}\n` : table(results));
    return results.some(({ outcome }) => outcome === "failed") ? 1 : 0;
}

function matching(pattern: string, names: string[]): string[] {
    const fits = new RegExp(`^${pattern.split("*").map((part) => part.replace(/[^A-Za-z0-9]/g, "\\$&")).join(".*")}$`);
    const found = names.filter((name) => fits.test(name));
    if (!found.length) throw new Misused(`No machine of this stack is called ${JSON.stringify(pattern)} and has a power; there ${names.length === 1 ? "is" : "are"} ${names.slice(0, 10).join(", ") || "none"}${names.length > 10 ? ` and ${names.length - 10} more` : ""}.`);
    return found;
}

const table = (results: PowerResult[]): string =>
    columns(["MACHINE", "BY", "POWER"], results.map(({ machine, way, outcome, words }) => [machine, way, outcome === "failed" ? `FAILED: ${words}` : words]), process.stdout.isTTY ? process.stdout.columns : undefined);
