import type { PoweredMachine, PowerResult, PowerVerb } from "@pulumi-netboot/provider";
import type { Options } from "./main";
import { Misused } from "./misused";
import { matches, some } from "./names";
import { deployed } from "./stack";
import { columns } from "./table";

export const POWER = `netboot power on|off|cycle|status MACHINE… [--all] [--at-once N] [--stack NAME] [--json]

  Switches machines of the stack that have a \`power\`, or says whether they are on; from their master, which is reached as \`pulumi up\` reaches it. Runs no program.
  A MACHINE may hold * for any letters; --all is every machine. Where two masters have one of that name, it is written with its master's host: desk-01@10.0.0.2.
  off and cycle ask nobody: what runs on the machine is not shut down first.
  Many are switched on one after the other, as many together as the master's \`power.atOnce\` says (--at-once: N instead).
  Exits with 1 where a machine could not be switched or asked, and with 2 where there is nothing of that name.

    netboot power status --all
    netboot power cycle desk-01 desk-02
    netboot power on 'rack3-*' --at-once 4
`;

const VERBS = ["on", "off", "cycle", "status"];

export async function power({ stack, json, all, "at-once": atOnce }: Options, [verb = "", ...patterns]: string[]): Promise<number> {
    if (!VERBS.includes(verb)) throw new Misused(verb ? `power knows no "${verb}", but ${VERBS.join(", ")}.` : "power needs to know what to do.");
    if (!patterns.length && !all) throw new Misused(`power ${verb} needs the machines by name, or --all.`);
    if (patterns.length && all) throw new Misused(`power ${verb} is given ${patterns.join(", ")} and --all: leave one of the two out.`);
    if (atOnce !== undefined && !/^[1-9][0-9]{0,3}$/.test(atOnce)) throw new Misused(`--at-once is ${JSON.stringify(atOnce)}, and must be a number from 1 to 9999.`);
    const { poweredMachines, switchMachines } = await import("@pulumi-netboot/provider");
    const known = poweredMachines(await deployed(stack));
    const named = new Set(patterns.flatMap((pattern) => matching(pattern, known)));
    const chosen = known.filter((machine) => all || named.has(machine));
    if (!chosen.length) throw new Misused("No machine of this stack has a power.");
    const results = await switchMachines(chosen, verb as PowerVerb, {
        ...(atOnce && { atOnce: Number(atOnce) }),
        ...(!json && verb !== "status" && { onProgress: (line: string) => process.stderr.write(`${line}\n`) }),
    });
    process.stdout.write(json ? `${JSON.stringify(results, null, 2)}\n` : table(results));
    return results.some(({ outcome }) => outcome === "failed") ? 1 : 0;
}

/** By a name, or by name and master: `desk-01@10.0.0.2`. Which machine a name means that two masters know is not guessed. */
function matching(pattern: string, known: PoweredMachine[]): PoweredMachine[] {
    const found = known.filter((machine) => matches(pattern, machine.machine) || matches(pattern, full(machine)));
    if (!found.length) throw new Misused(`No machine of this stack is called ${JSON.stringify(pattern)} and has a power; there ${known.length === 1 ? "is" : "are"} ${some(known.map(({ machine }) => machine)) || "none"}.`);
    if (found.length > 1 && !pattern.includes("*")) throw new Misused(`${JSON.stringify(pattern)} is the name of several machines: write one of ${some(found.map(full))}.`);
    return found;
}

const full = ({ machine, host }: PoweredMachine) => `${machine}@${host}`;

function table(results: PowerResult[]): string {
    const several = (name: string) => results.filter(({ machine }) => machine === name).length > 1;
    const rows = results.map(({ machine, way, host, outcome, words }) => [several(machine) ? `${machine} of ${host}` : machine, way, outcome === "failed" ? `FAILED: ${words}` : words]);
    return columns(["MACHINE", "BY", "POWER"], rows);
}
