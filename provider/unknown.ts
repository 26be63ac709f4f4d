/** What Pulumi sends in previews for a value that is not known yet (`unknownValue` in its rpc module). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether a value is unknown, or holds something unknown at any depth, keys included. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "string") return value.includes(UNKNOWN);
  if (!value || typeof value !== "object") return false;
  for (const key in value) if (key.includes(UNKNOWN) || hasUnknown((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** A text with something unknown in it is itself unknown: Pulumi knows the sentinel only whole. */
export function settled<T>(value: T): T {
  if (typeof value === "string") return (value.includes(UNKNOWN) ? UNKNOWN : value) as T;
  if (Array.isArray(value)) return value.map(settled) as T;
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, settled(v)])) as T;
}
