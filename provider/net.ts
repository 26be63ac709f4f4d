/** IPv4 addresses, subnets and ranges as numbers and back. Texts that are none of these come back as `undefined`, or unchanged. */

export interface Span {
  first: number;
  last: number;
}

/** "10.0.0.2" as a number. Leading zeros are refused: half of the world reads them as octal. */
export function ipv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let number = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    number = number * 256 + Number(part);
  }
  return number;
}

export const dotted = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join(".");

const size = (prefix: number) => 2 ** (32 - prefix);

/** "10.0.0.7/24" as the addresses from 10.0.0.0 to 10.0.0.255. */
export function subnet(text: string): (Span & { prefix: number }) | undefined {
  const [address, bits, ...rest] = text.split("/");
  const number = ipv4(address ?? "");
  if (number === undefined || bits === undefined || rest.length || !/^(0|[1-9][0-9]?)$/.test(bits) || Number(bits) > 32) return undefined;
  const prefix = Number(bits);
  const first = number - (number % size(prefix));
  return { first, last: first + size(prefix) - 1, prefix };
}

/** "10.0.0.50-10.0.0.199"; reversed ranges are spans too, for `rules` to complain about. */
export function range(text: string): Span | undefined {
  const [a, b, ...rest] = text.split("-").map((part) => ipv4(part.trim()));
  return a === undefined || b === undefined || rest.length ? undefined : { first: a, last: b };
}

export const netmask = (prefix: number) => dotted(2 ** 32 - size(prefix));
export const within = (address: number, span: Span) => span.first <= address && address <= span.last;
export const inside = (part: Span, whole: Span) => whole.first <= part.first && part.last <= whole.last;
export const overlap = (a: Span, b: Span) => a.first <= b.last && b.first <= a.last;

/** A subnet by its network address: "10.0.0.7/24" is "10.0.0.0/24". */
export function canonicalSubnet(text: string): string {
  const net = subnet(text);
  return net ? `${dotted(net.first)}/${net.prefix}` : text;
}

/** Subnets and ranges in one form, "first-last". */
export function canonicalAddresses(text: string): string {
  const span = subnet(text) ?? range(text);
  return span ? `${dotted(span.first)}-${dotted(span.last)}` : text;
}

/** One form for the two ways to write a range: "first-last", and a start with a count. */
export function canonicalRange(value: unknown): unknown {
  if (typeof value === "string") {
    const span = range(value);
    return span ? `${dotted(span.first)}-${dotted(span.last)}` : value;
  }
  const { start, count } = (value ?? {}) as { start?: unknown; count?: unknown };
  const first = typeof start === "string" ? ipv4(start) : undefined;
  return first === undefined || typeof count !== "number" ? value : `${dotted(first)}-${dotted(first + count - 1)}`;
}
