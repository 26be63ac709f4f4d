/** What Pulumi sends in previews for a value that is not known yet (`unknownValue` in its rpc module). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether a value is unknown, or holds something unknown at any depth, keys included. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "string") return value.includes(UNKNOWN);
  if (!value || typeof value !== "object") return false;
  for (const key in value) if (key.includes(UNKNOWN) || hasUnknown((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** A text with something unknown in it is itself unknown: Pulumi knows the sentinel only whole. So is a map with something unknown in a key. */
export function settled<T>(value: T): T {
  if (typeof value === "string") return (value.includes(UNKNOWN) ? UNKNOWN : value) as T;
  if (Array.isArray(value)) return value.map(settled) as T;
  if (!value || typeof value !== "object") return value;
  if (hasUnknown(Object.keys(value))) return UNKNOWN as T;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, settled(v)])) as T;
}

/** The same with another text for what is not known: where the two lead to different things, those are not known either. */
export const anotherUnknown = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(UNKNOWN, "c1d8ac38-2f1b-4e77-8b0a-6a3d97f0e452"));

/**
 * Whether a pure function that was given something unknown trips over just that: over a text that stands for an object or a list, when it asks for a field or an element.
 * Any other fault is a fault of its own.
 */
export function tripsOver(run: (input: any) => unknown, input: unknown): boolean {
  let asked = false;
  const ask = (): never => {
    asked = true;
    throw new Error("not known yet");
  };
  const missing = (key: PropertyKey) => key === Symbol.iterator || (typeof key === "string" && !(key in String.prototype));
  const text: object = new Proxy(Object(UNKNOWN) as object, {
    get: (_, key) => (key === "toJSON" ? () => UNKNOWN : missing(key) ? ask() : ofText(key)),
    has: ask,
    ownKeys: ask,
    getOwnPropertyDescriptor: ask,
  });
  const ofText = (key: PropertyKey) => {
    const found = (UNKNOWN as any)[key];
    return typeof found === "function" ? found.bind(UNKNOWN) : found;
  };
  const inPlace = (value: unknown): unknown => {
    if (value === UNKNOWN) return text;
    if (Array.isArray(value)) return value.map(inPlace);
    return value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, v]) => [key, inPlace(v)])) : value;
  };
  try {
    run(inPlace(input));
  } catch {
    // What counts is what was asked.
  }
  return asked;
}
