import { UNKNOWN } from "../unknown";

/**
 * Secrets in check. Pulumi hands `check` plain values without their marks, so the SDK sends the paths that are secret.
 * Everything is rendered twice, once with those values masked: what differs holds a secret and goes back in Pulumi's
 * secret envelope, which the engine encrypts in state and prints as `[secret]`.
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

export type Path = (string | number)[];

/** Pulumi's wire form of a secret value. */
export const sealed = (value: unknown) => ({ [SIGNATURE]: SECRET, value });

/** The same with a text changed, in its envelope or out of it. */
export type Envelope = ReturnType<typeof sealed>;
export const inside = (value: string | Envelope, change: (text: string) => string): string | Envelope =>
    typeof value === "string" ? (value === UNKNOWN ? value : change(value)) : typeof value.value === "string" ? { ...value, value: change(value.value) } : value;

/** A copy with `change` applied to the value at each path; paths that lead nowhere are passed over. */
function changed(value: unknown, paths: Path[], change: (v: unknown) => unknown): unknown {
    if (paths.some((p) => p.length === 0)) return change(value);
    const below = (key: string | number) => paths.filter((p) => p[0] === key).map((p) => p.slice(1));
    const step = (key: string | number, v: unknown) => {
        const rest = below(key);
        return rest.length ? changed(v, rest, change) : v;
    };
    if (Array.isArray(value)) return value.map((v, i) => step(i, v));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, step(k, v)]));
    return value;
}

/** The same value with each secret in its envelope. */
export const seal = <T>(value: T, paths: Path[]): T => changed(value, paths, sealed) as T;

/** The same value with every leaf below the secret paths replaced by something of its type that it is not. */
export const mask = <T>(value: T, paths: Path[]): T => changed(value, paths, masked) as T;

function masked(value: unknown): unknown {
    if (typeof value === "string") return value === "masked" ? "hidden" : "masked";
    if (typeof value === "number") return value + 1;
    if (typeof value === "boolean") return !value;
    if (Array.isArray(value)) return value.map(masked);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, masked(v)]));
    return value;
}

/** The texts that are secret, as given and as JSON writes them, the longest first: what must not be shown. */
export function secretTexts(value: unknown, paths: Path[]): string[] {
    const found = new Set<string>();
    const collect = (leaf: unknown): void => {
        if (typeof leaf === "string" && leaf) found.add(leaf).add(JSON.stringify(leaf).slice(1, -1));
        else if (typeof leaf === "number") found.add(String(leaf));
        else if (leaf && typeof leaf === "object") Object.values(leaf).forEach(collect);
    };
    for (const path of paths) collect(path.reduce<any>((at, key) => at?.[key], value));
    return [...found].sort((a, b) => b.length - a.length);
}

/** Every value of `real` that `masked` does not share, sealed: whole maps where the keys differ, else value by value. */
export function sealDifferences(real: unknown, other: unknown): unknown {
    if (same(real, other)) return real;
    if (!isMap(real) || !isMap(other) || !same(Object.keys(real), Object.keys(other))) return sealed(real);
    return Object.fromEntries(Object.entries(real).map(([k, v]) => [k, sealDifferences(v, other[k])]));
}

const letters = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");

const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
/** As part of a longer word a short one would take half of every message along. */
const whole = (text: string) => (text.length < 6 ? `(?<![\\w-]|\\w\\.)${literally(text)}(?![\\w-]|\\.\\w)` : literally(text));

/** Takes these texts (the longest first) out of messages: as they were given, and every word that holds one in another form, as a path does an address. */
export function hushed(secrets: string[]): (message: string) => string {
    if (!secrets.length) return (message) => message;
    const given = new RegExp(secrets.map(whole).join("|"), "g");
    const others = secrets.map(letters).filter((secret) => secret.length > 5);
    const word = (text: string) => ((own) => (others.some((secret) => own.includes(secret)) ? "[secret]" : text))(letters(text));
    return (message) => message.replace(given, "[secret]").replace(/[^\s,;()"]+/g, word);
}

/** A map with its values sealed and its keys shown, unless a key holds one of the secret texts, in whatever form. */
export function sealValues(value: unknown, secrets: string[]): unknown {
    if (!isMap(value) || Object.keys(value).some((key) => secrets.some((secret) => letters(key).includes(letters(secret))))) return sealed(value);
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, v === UNKNOWN ? v : sealed(v)]));
}

const isMap = (v: unknown): v is Record<string, unknown> => !!v && typeof v === "object" && !Array.isArray(v);

/** Equality of JSON values, whatever the order of keys. */
export function same(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => same(v, b[i]));
    if (!isMap(a) || !isMap(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((k) => k in b && same(a[k], b[k]));
}
