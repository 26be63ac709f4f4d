import { dotted, type Span } from "../../net";

const ANY = "[0-9]+";
const octets = (address: number) => dotted(address).split(".").map(Number);

/** Dotted addresses from first to last as regular expressions, without their ends: at most seven, and one for a subnet. */
export const patterns = ({ first, last }: Span): string[] => between(octets(first), octets(last));

function between([x, ...low]: number[], [y, ...high]: number[]): string[] {
  if (!low.length) return [octet(x!, y!)];
  const under = (number: number, rest: string[]) => rest.map((pattern) => `${number}\\.${pattern}`);
  if (x === y) return under(x!, between(low, high));
  const whole = { first: low.every((n) => n === 0), last: high.every((n) => n === 255) };
  const [from, to] = [whole.first ? x! : x! + 1, whole.last ? y! : y! - 1];
  return [
    ...(whole.first ? [] : under(x!, between(low, low.map(() => 255)))),
    ...(from <= to ? [[octet(from, to), ...low.map(() => ANY)].join("\\.")] : []),
    ...(whole.last ? [] : under(y!, between(high.map(() => 0), high))),
  ];
}

/** Numbers ten by ten: 64 to 95 is (?:6[4-9]|7[0-9]|8[0-9]|9[0-5]). */
function octet(first: number, last: number): string {
  if (first === 0 && last === 255) return ANY;
  const tens: string[] = [];
  for (let ten = Math.floor(first / 10); ten * 10 <= last; ten++) {
    const [from, to] = [Math.max(first - ten * 10, 0), Math.min(last - ten * 10, 9)];
    tens.push(`${ten || ""}${from === to ? from : `[${from}-${to}]`}`);
  }
  return tens.length === 1 ? tens[0]! : `(?:${tens.join("|")})`;
}
