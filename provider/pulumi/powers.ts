import type { HostState, PowerSpec } from "../engine/state";
import { announced, announcement, announcing, bootsIn, unannounced } from "../power/power";
import type { Inputs } from "./inputs";
import { type Envelope, inside } from "./secret";

type Texts = Pick<Partial<Inputs>, "nextBoot" | "nextBoots">;
type Powers = NonNullable<HostState["powers"]>;

/** What state says of a machine's next boot. */
const textOf = ({ nextBoot, nextBoots }: Texts, machine: string): string | undefined => {
    const text = nextBoots ? nextBoots[machine] : nextBoot;
    return typeof text === "string" ? text : undefined;
};

/** What state says that a machine booted, and whether somebody looked after its power then. */
function before(olds: Partial<Inputs>, key: string, { machine }: PowerSpec): { boots: string; known: boolean } | undefined {
    const old = olds.powers?.[key]?.boots;
    if (typeof old === "string") {
        const boots = olds.__unwell ? olds.__booted?.[key] : old;
        return boots === undefined ? undefined : { boots, known: true };
    }
    const text = textOf(olds, machine);
    return text === undefined ? undefined : { boots: bootsIn(text), known: false };
}

/** Machines' powers with what state remembers of them. */
export const remembered = (powers: Powers, olds: Partial<Inputs>): Powers =>
    Object.fromEntries(Object.entries(powers).map(([key, spec]) => {
        const old = before(olds, key, spec);
        return [key, { ...spec, ...(old && (old.known ? { known: old.boots } : { before: old.boots })) }];
    }));

/** What state keeps of that when an operation fails: with what is wanted it forgets what there was, and the master may have no note of it yet. */
export function booted(powers: Powers = {}, olds: Partial<Inputs> = {}): Pick<Inputs, "__booted"> {
    const all = Object.entries(powers).flatMap(([key, spec]) => {
        const old = before(olds, key, spec);
        return old ? [[key, old.boots] as const] : [];
    });
    return all.length ? { __booted: Object.fromEntries(all) } : {};
}

/** The same where the master has notes by now, which know better. */
export function rebooted({ __unwell, __booted }: Partial<Inputs>, seen: Powers = {}): Pick<Inputs, "__booted"> {
    return __unwell ? { __booted: { ...__booted, ...Object.fromEntries(Object.entries(seen).map(([key, { boots }]) => [key, boots])) } } : {};
}

/** Machines that this run would switch, by what it would do to them. */
export function due(olds: Partial<Inputs>, powers: Powers = {}): { machine: string; onChange: PowerSpec["onChange"]; isNew: boolean }[] {
    return Object.entries(powers).flatMap(([key, spec]) => {
        const old = before(olds, key, spec);
        return spec.onChange !== "none" && old?.boots !== spec.boots ? [{ machine: spec.machine, onChange: spec.onChange, isNew: !old }] : [];
    });
}

/**
 * The next boots with a line for each machine that will be switched. Once said it stays in the inputs as long as nothing else is said, since a line that goes would be a change;
 * state's outputs, which people read, never have it.
 */
export function saying<T extends Record<string, unknown>>(shown: T, olds: Partial<Inputs>, powers: Powers = {}): T {
    const now = new Map(due(olds, powers).map(({ machine, onChange, isNew }) => [machine, announcement(onChange, isNew)]));
    for (const { machine, onChange } of Object.values(powers)) {
        const line = announced(textOf(olds, machine) ?? "");
        if (!now.has(machine) && line !== undefined && [false, true].some((isNew) => announcement(onChange, isNew) === line)) now.set(machine, line);
    }
    const only = Object.values(powers)[0]?.machine;
    return changedTexts(shown, (text, machine = only) => (now.get(machine!) ? announcing(text, now.get(machine!)!) : text));
}

/** The same without those lines. */
export const silent = <T extends Record<string, unknown>>(values: T): T => changedTexts(values, unannounced);

function changedTexts<T extends Record<string, unknown>>(values: T, change: (text: string, machine?: string) => string): T {
    const { nextBoot, nextBoots } = values as { nextBoot?: string | Envelope; nextBoots?: Record<string, string | Envelope> };
    const each = nextBoots && typeof nextBoots === "object" && Object.entries(nextBoots).map(([machine, text]) => [machine, inside(text, (it) => change(it, machine))]);
    return { ...values, ...(nextBoot && { nextBoot: inside(nextBoot, (it) => change(it)) }), ...(each && { nextBoots: Object.fromEntries(each) }) };
}

const NOTICES = { on: "SWITCHES ON", cycle: "POWER-CYCLES", cycleIfIdle: "POWER-CYCLES, where the master sees it idle," } as const;

/** For the diagnostics of preview and up. */
export function powerNotices(olds: Partial<Inputs>, powers: Powers | undefined): string[] {
    return [...Map.groupBy(due(olds, powers), ({ onChange }) => onChange)].map(
        ([onChange, all]) => `${NOTICES[onChange as keyof typeof NOTICES]} ${all.length} ${all.length === 1 ? "machine" : "machines"}: ${all.map(({ machine }) => machine).join(", ")}`,
    );
}
