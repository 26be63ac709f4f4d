/**
 * A value as Pulumi's wire can carry it. What JSON does not know is left out or becomes what it makes of it: where a host has been changed, an answer that the wire refuses would be
 * no answer, and state would not know of it.
 */
export const json = <T>(value: T): T => JSON.parse(JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? Number(part) : part)));
