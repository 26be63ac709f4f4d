import type { Desired, Problem, ResourceType } from "../resource";
import { roster } from "../roster";
import { ruleProblems } from "../rules";
import { validate } from "../validate";
import { captured } from "./captures";
import { ofOurs } from "./errors";
import { hidden, hostOf, hostState, type Inputs, label, pureInput, secretsOf, storedNames } from "./inputs";
import { type Erasure, erasures, inAll, lowered, marks, notice, tooMany } from "./erasures";
import { leftBehind, moveOf, parted } from "./moves";
import { powerNotices, saying } from "./powers";
import { json } from "./json";
import { losses, volumeFaults } from "./volumes";
import { hushed, mask, type Path, same, seal, sealDifferences, sealed, sealValues, secretTexts } from "./secret";
import { anotherUnknown, hasUnknown, settled, tripsOver, UNKNOWN } from "../unknown";

export interface Checked {
    inputs: Record<string, unknown>;
    failures: Problem[];
    /** Machines that this resource would order erased: for the diagnostics. */
    erase?: Erasure[];
    /** The same in words, with how many of this run that makes. */
    erases?: string;
    /** What is on disks and would be lost, in words. */
    lost?: string[];
    /** Machines that would be switched, in words. */
    switched?: string[];
}

/**
 * From what the user wrote to what Pulumi stores and diffs: validated, normalised, and with the rendered host state beside it.
 * Pure but for the roster, which remembers the claims of the resources checked before in this process.
 */
export function check(type: ResourceType, olds: Partial<Inputs>, news: Inputs): Checked {
    try {
        return checked(type, olds, news);
    } catch (error) {
        // Thrown, it would be printed with whatever it quotes.
        return refused(news, [{ property: "", reason: ofOurs(label(type.name, pureInput(news) as { name: string }), error) }]);
    }
}

function checked(type: ResourceType, olds: Partial<Inputs>, news: Inputs): Checked {
    const { problems, input } = validate(type, pureInput(news));
    if (problems.length) return refused(news, problems);

    const given = type.normalise ? type.normalise(input) : input;
    const unknown = hasUnknown(given);
    const failures = [...(unknown ? [] : ruleProblems(type, given)), ...conflicts(type, news, given)];
    if (failures.length) return refused(news, failures);

    const secrets = secretsOf(news);
    if (secrets.some((path) => path.join() === "name")) return refused(news, [{ property: "name", reason: "name is a secret, and it is what paths, messages and state call the resource by: give one that may be read." }]);
    const rendered = unknown ? unknownParts(type, given) : parts(type.desired(given));
    const orders = hasUnknown(rendered.orders) ? undefined : (rendered.orders as Inputs["orders"]);
    const erase = erasures(olds, orders);
    const disks = hasUnknown(rendered.volumes) ? undefined : (rendered.volumes as Inputs["volumes"]);
    const move = moveOf(type.name, olds, news);
    const wrong = [...lowered(olds, orders), ...captured(hostOf(news) ?? "", olds, orders), ...(disks && !move ? volumeFaults(given, olds, disks) : []), ...parted(move, olds), ...tooMany(news.__urn, hostOf(news) ?? "", erase, given.master?.maxErase ?? 0)];
    if (wrong.length) return refused(news, wrong);

    const powers = hasUnknown(rendered.powers) ? undefined : (rendered.powers as Inputs["powers"]);
    const kept = !secrets.length ? rendered : unknown ? sealedAll(rendered, secretTexts(given, secrets)) : sealedParts(type, given, rendered, secrets);
    const shown = saying(kept, olds, powers);
    const say = hushed(secretTexts(given, secrets));
    // Kept although the machine boots something else by now. What a machine is called by may be a secret: its address, in a group.
    const ordered = marks(olds, orders);
    const names = Object.keys(ordered);
    const memory = names.length ? { __ordered: names.some((machine) => say(machine) !== machine) ? sealed(ordered) : ordered } : {};
    const inputs = { ...hiddenOf(news), ...storedNames({ ...seal(given, secrets), ...shown }), ...memory, ...sealedKeys({ ...storedNames(shown), ...memory }), ...revisions(olds, rendered, shown) };
    const named = erase.map((one) => ({ ...one, machine: say(one.machine) }));
    return {
        inputs: json(inputs), failures: [], erase: named, ...(erase.length && { erases: notice(named, inAll(hostOf(news) ?? ""), given.master?.maxErase) }),
        lost: (move ? leftBehind(move, olds) : losses(olds, disks, unknown)).map(say), switched: powerNotices(olds, powers).map(say),
    };
}

/** What differs when the secrets are others holds a secret. Where others can't stand in their place (a MAC address), all may hold one. */
function sealedParts(type: ResourceType, given: Record<string, unknown>, rendered: Record<string, unknown>, secrets: Path[]): Record<string, unknown> {
    let other: Record<string, unknown>;
    try {
        other = parts(type.desired(mask(given, secrets)));
    } catch {
        // With the real values it has just come to its end, so what it trips over is a masked one: nothing is shown but keys that hold no secret.
        return sealedAll(rendered, secretTexts(given, secrets));
    }
    return sealDifferences(rendered, other) as Record<string, unknown>;
}

const sealedAll = (rendered: Record<string, unknown>, texts: string[]) => Object.fromEntries(Object.entries(rendered).map(([key, value]) => [key, value === UNKNOWN ? value : sealValues(value, texts)]));

/** Reasons quote what was given; what is secret is not for the screen. */
function refused(news: Inputs, problems: Problem[]): Checked {
    const paths = secretsOf(news);
    const below = (property: string) => paths.some((path) => `${property}.`.replace(/\[(\d+)\]/g, ".$1").startsWith(`${path.join(".")}.`));
    const redacted = hushed(secretTexts(pureInput(news), paths));
    const words = ({ property, reason }: Problem) => (below(property) ? reason.replace(/"[^]*"/, "[secret]").replace(/ is [^]*?(?=, |: |\.$)/, " is a secret") : redacted(reason));
    return { inputs: news as unknown as Record<string, unknown>, failures: problems.map((problem) => ({ property: problem.property, reason: words(problem) })) };
}

function conflicts(type: ResourceType, news: Inputs, given: Record<string, unknown>): Problem[] {
    const host = hostOf(news);
    if (!type.claims || !host || hasUnknown(host)) return [];
    const claims = type.claims(given).filter((claim) => !hasUnknown(claim.value));
    return roster.add(news.__urn, host, claims);
}

/** What a resource adds to its inputs: host state, the next boot, and what other resources read. */
function parts(desired: Desired): Record<string, unknown> {
    return { ...hostState(desired.state as Record<string, unknown>), ...(desired.nextBoot && { nextBoot: desired.nextBoot }), ...desired.outputs };
}

/**
 * With anything unknown, a template may have taken the wrong branch: texts are unknown. Of the rest only that is known which another value in its place leaves as it is; and
 * nothing, if a text that stands for an object was asked for a field. Keys of files stay if they are known, so that the preview names them.
 */
function unknownParts(type: ResourceType, given: Record<string, unknown>): Record<string, unknown> {
    const tripped = tripsOver(type.desired, given);
    let rendered: Record<string, unknown>;
    try {
        rendered = parts(type.desired(given));
    } catch (error) {
        if (!tripped) throw error;
        return Object.fromEntries(["files", "ref", "nextBoot"].map((key) => [key, UNKNOWN]));
    }
    const others = tripped ? {} : parts(type.desired(anotherUnknown(given)));
    return Object.fromEntries(Object.entries(rendered).map(([key, value]) => [key, TEXTS.has(key) ? blurred(value) : agreed(value, others[key])]));
}

const TEXTS = new Set(["files", "nextBoot", "nextBoots", "powers"]);

function blurred(value: unknown): unknown {
    const known = settled(value);
    return known && typeof known === "object" ? Object.fromEntries(Object.keys(known).map((key) => [key, UNKNOWN])) : UNKNOWN;
}

/** What two renderings have in common. */
function agreed(a: unknown, b: unknown): unknown {
    if (same(a, b)) return a;
    if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) return a.map((value, i) => agreed(value, b[i]));
    if (!a || !b || typeof a !== "object" || typeof b !== "object" || !same(Object.keys(a), Object.keys(b))) return UNKNOWN;
    return Object.fromEntries(Object.entries(a).map(([key, value]) => [key, agreed(value, (b as Record<string, unknown>)[key])]));
}

const hiddenOf = (news: Inputs) => Object.fromEntries(Object.entries(news).filter(([key]) => hidden(key) && !["__sealed", "__ordered", "__provider"].includes(key)));

/** Paths of the sealed values, so that `read`, which sees plain state, can seal them again. */
function sealedKeys(shown: Record<string, unknown>): { __sealed?: Path[] } {
    const found: Path[] = [];
    const walk = (value: unknown, path: Path) => {
        if (!value || typeof value !== "object" || Array.isArray(value)) return;
        if ("4dabf18193072939515e22adb298388d" in value) found.push(path);
        else for (const [key, v] of Object.entries(value)) walk(v, [...path, key]);
    };
    walk(shown, []);
    return found.length ? { __sealed: found } : {};
}

/** A number for each file that holds a secret, raised when its text changes: all that a reviewer may learn of it, and enough. */
function revisions(olds: Partial<Inputs>, rendered: Record<string, unknown>, shown: Record<string, unknown>) {
    const secret = Object.keys((shown.files ?? {}) as object).filter((path) => !same(at(rendered, path), at(shown, path)));
    if (!secret.length) return {};
    const before = olds.revisions ?? {};
    const next = (path: string) => {
        const last = before[path];
        if (last === undefined) return 1;
        return same(olds.files?.[path], at(rendered, path)) ? last : last + 1;
    };
    return { revisions: Object.fromEntries(secret.map((path) => [path, next(path)])) };
}

const at = (inputs: Record<string, unknown>, path: string) => (inputs.files as Record<string, unknown> | undefined)?.[path];
