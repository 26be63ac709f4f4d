import { createInterface } from "node:readline";
import type { Planned } from "@pulumi-netboot/provider";
import type { Choice } from "../choice";
import type { Options } from "./main";
import { Misused } from "./misused";
import { matches, some } from "./names";
import { configured, deployed, pulumi } from "./stack";
import { columns } from "./table";

export const SWITCH = `netboot switch [MACHINE… ENTRY] [--yes] [--stack NAME]
netboot switch [--stack NAME] [--json]

  Has machines boot another entry of their boot.choice (docs/operations.md): writes that into the stack's configuration, shows the preview of the whole program, asks, and says
  pulumi up. A MACHINE is a machine or a group, and may hold * for any letters. Where the preview fails or the answer is no, the configuration is put back.
  Without words it shows who has a choice, and of what.
  --yes asks nothing; without a terminal it is needed.
  Exits with 1 where Pulumi fails or the answer is no, and with 2 where there is nothing of that name.

    netboot switch
    netboot switch desk-01 exam
    netboot switch 'room2-*' windows --yes
`;

/** A machine or a group that has a choice, as it was at the last `up`. */
interface Choosing extends Choice {
    machine: string;
}

const KEY = "netboot";
const PREFIX = "pulumi-nodejs:dynamic/netboot:";

export async function switchTo({ stack, json, yes }: Options, words: string[]): Promise<number> {
    const [entry, ...patterns] = words.toReversed();
    if (words.length === 1) throw new Misused(`switch is given ${JSON.stringify(entry)} alone, and needs a machine and an entry.`);
    if (json && words.length) throw new Misused("--json is for the list of choices.");
    if (words.length && !yes && !process.stdin.isTTY) throw new Misused("There is no terminal to ask on: say --yes.");
    const all = choosing(await deployed(stack));
    if (entry === undefined) return list(all, json);
    const machines = new Set(patterns.flatMap((pattern) => named(pattern, all)));
    for (const { machine, entries } of machines) if (!entries.includes(entry)) throw new Misused(`${machine} boots one of ${entries.join(", ")}, and not ${JSON.stringify(entry)}.`);
    const names = [...new Set([...machines].map(({ name }) => name))];
    const along = all.filter((one) => names.includes(one.name) && !machines.has(one)).map(({ machine }) => machine);
    if (along.length) process.stderr.write(`The same choice is that of ${some(along)}: switched as well.\n`);
    return apply(names.map((name) => `${KEY}:${name}`), entry, stack, yes);
}

async function apply(keys: string[], entry: string, stack: string | undefined, yes?: boolean): Promise<number> {
    const before = await configured(stack);
    const secret = keys.filter((key) => before[key]?.secret);
    if (secret.length) throw new Error(`${secret.join(", ")} is a secret of the configuration, and what a machine boots is none: pulumi config set ${secret[0]} ${entry}`);
    const write = async (values: [key: string, value: string | undefined][]) => {
        const [set, gone] = [values.filter(([, value]) => value !== undefined), values.filter(([, value]) => value === undefined)];
        if (set.length) await pulumi(["config", "set-all", ...set.flatMap(([key, value]) => ["--plaintext", `${key}=${value}`])], stack);
        if (gone.length) await pulumi(["config", "rm-all", ...gone.map(([key]) => key)], stack);
    };
    // Whoever presses Ctrl-C means Pulumi; the configuration is still to be put back.
    const stay = () => undefined;
    process.on("SIGINT", stay);
    await write(keys.map((key) => [key, entry]));
    const previewed = await pulumi(["preview", "--diff"], stack, { shown: true, anyEnd: true });
    if (previewed !== 0 || !(yes || (await asked("Do it? (yes/no) ")))) {
        await write(keys.map((key) => [key, before[key]?.value]));
        process.stderr.write(`netboot: nothing is switched${previewed === 0 ? "" : ", as the preview failed"}; the configuration is as it was.\n`);
        return 1;
    }
    const ended = await pulumi(["up", "--yes", "--skip-preview"], stack, { shown: true, anyEnd: true });
    process.off("SIGINT", stay);
    if (ended !== 0) process.stderr.write(`netboot: pulumi up failed. The configuration says what is wanted (${keys.map((key) => `${key} ${entry}`).join(", ")}): mend what the words above name, and run pulumi up again.\n`);
    return ended === 0 ? 0 : 1;
}

function choosing(resources: Planned[]): Choosing[] {
    const all = resources.filter(({ type }) => type.startsWith(PREFIX)).flatMap(({ inputs: { name, __choice, __choices } }) =>
        [...(__choice ? [[String(name), __choice as Choice] as const] : []), ...Object.entries((__choices ?? {}) as Record<string, Choice>)].map(([machine, choice]) => ({ machine, ...choice })));
    return all.sort((a, b) => (a.machine < b.machine ? -1 : 1));
}

function named(pattern: string, all: Choosing[]): Choosing[] {
    const found = all.filter(({ machine }) => matches(pattern, machine));
    if (!found.length) throw new Misused(`No machine or group of this stack is called ${JSON.stringify(pattern)} and has a boot.choice; there ${all.length === 1 ? "is" : "are"} ${some(all.map(({ machine }) => machine)) || "none"}.`);
    return found;
}

function list(all: Choosing[], json?: boolean): number {
    const rows = all.map(({ machine, entry, entries, name }) => [machine, entry, entries.join(", "), `${KEY}:${name}`]);
    if (json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    else process.stdout.write(all.length ? columns(["MACHINE", "BOOTS", "OF", "CONFIGURATION"], rows) : "No machine or group of this stack has a boot.choice.\n");
    return 0;
}

const asked = (question: string): Promise<boolean> =>
    new Promise((done) => {
        const terminal = createInterface({ input: process.stdin, output: process.stderr });
        terminal.on("SIGINT", () => terminal.close()).on("close", () => done(false));
        terminal.question(question, (answer) => (done(/^y(es)?$/i.test(answer.trim())), terminal.close()));
    });
