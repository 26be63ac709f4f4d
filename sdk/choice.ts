import * as pulumi from "@pulumi/pulumi";
import type { Boot } from "./boot";

/** What configuration has chosen, and of what: state keeps it for `netboot switch`. */
export interface Choice {
    /** Name of the choice, and with the namespace before it the configuration's key. */
    name: string;
    entry: string;
    entries: string[];
}

/** The configuration's namespace. */
const NAMESPACE = "netboot";
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** A letter first: JavaScript would put numbers before all else. */
const ENTRY = /^[a-z][a-z0-9-]{0,30}$/;

const choices = new WeakMap<object, Choice[]>();

/** What was chosen on the way to this boot: by `boot.choice` itself, among whose entries another may have been made, and of the disk or the kernel that the boot is given. */
export function choicesOf(boot: unknown): Choice[] {
    if (!boot || typeof boot !== "object") return [];
    const own = choices.get(boot) ?? [];
    if (pulumi.Output.isInstance(boot)) return own;
    const { disk, kernel } = boot as { disk?: unknown; kernel?: unknown };
    return [...own, ...choicesOf(disk), ...choicesOf(kernel)];
}

/** The same as a hidden argument of a resource, of all boots that it has. */
export function chosen(...boots: unknown[]): { __choice?: Choice[] } {
    const all = new Map(boots.flatMap(choicesOf).map((choice) => [choice.name, choice]));
    return all.size ? { __choice: [...all.values()] } : {};
}

/**
 * One of several boots, as the stack's configuration says (`netboot:NAME`); without a word there the `default`, or the first. `netboot switch` changes that, or `pulumi config set`.
 *
 * @example
 * boot.choice("desk-01", { disk: boot.local(), exam: boot.kernel(exam) })
 * @example
 * boot.choice("room-2", { disk: boot.local(), windows: boot.diskless(windows), linux: boot.diskless(linux) }, { default: "windows" })
 */
export function choice<Entry extends string>(name: string, boots: Record<Entry, Boot>, options: { default?: NoInfer<Entry> } = {}): Boot {
    const entries = Object.keys(boots) as Entry[];
    const wrong = [
        ...(NAME.test(name) ? [] : [`its name is ${JSON.stringify(name)}, and names are letters, digits and . _ - after a first letter or digit, at most 63`]),
        ...(entries.length ? [] : ["there is nothing to choose from"]),
        ...entries.filter((entry) => !ENTRY.test(entry)).map((entry) => `an entry is called ${JSON.stringify(entry)}, and entries are lower-case letters, digits and hyphens after a first letter, at most 31`),
        ...(options.default === undefined || entries.includes(options.default) ? [] : [`its default is ${JSON.stringify(options.default)}, and is to be one of ${entries.join(", ")}`]),
    ];
    if (wrong.length) throw new pulumi.RunError(`boot.choice(${JSON.stringify(name)}): ${wrong.join("; ")}.`);
    const key = `${NAMESPACE}:${name}`;
    const entry = (new pulumi.Config(NAMESPACE).get(name) ?? options.default ?? entries[0]) as Entry;
    if (!entries.includes(entry)) throw new pulumi.RunError(`${key} is ${JSON.stringify(entry)} in the configuration, and is to be one of ${entries.join(", ")}: pulumi config set ${key} ${options.default ?? entries[0]}`);
    // A boot of its own: another choice may have the same one among its entries.
    const boot = copy(boots[entry]);
    choices.set(boot as object, [{ name, entry, entries }, ...(choices.get(boots[entry] as object) ?? [])]);
    return boot;
}

const copy = (boot: Boot): Boot => (pulumi.Output.isInstance(boot) || boot instanceof Promise ? (pulumi.output(boot as pulumi.Input<object>).apply((it) => it) as Boot) : ({ ...boot } as Boot));
