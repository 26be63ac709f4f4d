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
  pulumi up. A MACHINE is a machine, a group or a menu, or the key of a choice (netboot:NAME), and may hold * for any letters. Where the preview fails or the answer is no, the
  configuration is put back.
  Without words it shows who has a choice, and of what.
  --yes asks nothing; without a terminal it is needed.
  Exits with 1 where Pulumi fails or the answer is no, and with 2 where there is nothing of that name.

    netboot switch
    netboot switch desk-01 exam
    netboot switch 'room2-*' windows --yes
`;

/** A machine, a group or a menu that has a choice, as it was at the last `up`; one that has several, several times. */
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
    const machines = new Set(withEntry(entry, new Set(patterns.flatMap((pattern) => named(pattern, all)))));
    const names = [...new Set([...machines].map(({ name }) => name))];
    const along = all.filter((one) => names.includes(one.name) && !machines.has(one)).map(({ machine }) => machine);
    if (along.length) process.stderr.write(`The same choice is that of ${some(along)}: switched as well.\n`);
    return apply(names.map((name) => keyOf({ name })), entry, stack, yes);
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
    // State of an older version has one where there is a list now.
    const of = (machine: string, choices: unknown) => [choices as Choice | Choice[]].flat().map((choice) => ({ machine, ...choice }));
    const all = resources.filter(({ type }) => type.startsWith(PREFIX)).flatMap(({ inputs: { name, __choice, __choices } }) =>
        [...of(String(name), __choice ?? []), ...Object.entries(__choices ?? {}).flatMap(([machine, choices]) => of(machine, choices))]);
    // A machine and a menu may have one name, and one choice.
    const different = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
    return different.sort((a, b) => (a.machine < b.machine ? -1 : a.machine > b.machine ? 1 : 0));
}

const keyOf = ({ name }: Pick<Choice, "name">) => `${KEY}:${name}`;

function named(pattern: string, all: Choosing[]): Choosing[] {
    const found = all.filter((one) => matches(pattern, one.machine) || matches(pattern, keyOf(one)));
    if (!found.length) throw new Misused(`No machine, group or menu of this stack is called ${JSON.stringify(pattern)} and has a boot.choice; there ${all.length === 1 ? "is" : "are"} ${some([...new Set(all.map(({ machine }) => machine))]) || "none"}.`);
    return found;
}

/** Of each machine the choice that has the entry. */
function withEntry(entry: string, choosing: Set<Choosing>): Choosing[] {
    return [...Map.groupBy(choosing, ({ machine }) => machine)].flatMap(([machine, choices]) => {
        const having = choices.filter(({ entries }) => entries.includes(entry));
        const [one, other] = new Set(having.map(keyOf));
        if (!one) throw new Misused(`${machine} boots one of ${[...new Set(choices.flatMap(({ entries }) => entries))].join(", ")}, and not ${JSON.stringify(entry)}.`);
        if (other) throw new Misused(`${machine} has ${JSON.stringify(entry)} in two choices: say ${one} or ${other} in its place.`);
        return having;
    });
}

function list(all: Choosing[], json?: boolean): number {
    const rows = all.map((one) => [one.machine, one.entry, one.entries.join(", "), keyOf(one)]);
    if (json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    else process.stdout.write(all.length ? columns(["MACHINE", "BOOTS", "OF", "CONFIGURATION"], rows) : "No machine, group or menu of this stack has a boot.choice.\n");
    return 0;
}

const asked = (question: string): Promise<boolean> =>
    new Promise((done) => {
        const terminal = createInterface({ input: process.stdin, output: process.stderr });
        terminal.on("SIGINT", () => terminal.close()).on("close", () => done(false));
        terminal.question(question, (answer) => (done(/^y(es)?$/i.test(answer.trim())), terminal.close()));
    });
