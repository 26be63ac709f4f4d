import { parseAnswer } from "./facts";
import { kindOf } from "./kinds";
import { keyLists } from "./probe";
import { entry } from "./record";
import { define, lines, sh } from "./sh";
import { common } from "./shell";
import { capturedTo } from "./orders";
import { REPORTS, type OrderSpec } from "./state";

/** A machine's report, as far as it is one. */
export type Said = import("../page/rows.mjs", { with: { "resolution-mode": "import" } }).Said;

/** What the master knows of a machine that was ever ordered to do something. */
export interface MachineReport {
  machine: string;
  /** Highest generation ordered; 0 for none. */
  generation: number;
  /** Of the order that is open: waiting for its machine, taken by it, or done. */
  order: "none" | "waiting" | "claimed" | "done";
  /** What the machine said last, as it said it. */
  said?: Said;
  /** Seconds since then. */
  age?: number;
  /** The image of its disk that is whole on the master. */
  captured?: Captured;
}

export interface Captured {
  name: string;
  path: string;
  /** By the machine's word. */
  sha256: string;
  /** Bytes of the file. */
  size: number;
}

/** Machines by name, with their orders as state has them. */
export type Asked = Record<string, OrderSpec | undefined>;

const capturesOf = (asked: Asked) => Object.entries(asked).flatMap(([machine, order]) => {
  const to = order && capturedTo(order.job);
  return to ? [{ machine, ...to }] : [];
});

/** One question for all machines. Writes nothing. */
export const reportsScript = (asked: Asked, machines = Object.keys(asked)): string =>
  lines([
    common,
    keyLists(machines.map((machine) => entry("orders", machine))),
    define("netboot", [
      sh`k=$(keys_orders); now=$(date +%s)
[ -z "$k" ] || probe_orders
for m in ${machines}; do
  s=${REPORTS}/$m/status
  [ -f "$s" ] && printf 'said\t%s\t%s\t%s\n' "$m" "$((now - $(stat -c %Y "$s")))" "$(head -c 4096 "$s" | tr -d '\n\r\t')"
done`,
      ...capturesOf(asked).map(({ machine, path }) => sh`[ -f ${path} ] && printf 'captured\t%s\t%s\t%s\n' ${machine} "$(head -c 4096 ${path}.done | sed -n 's/^image \([0-9a-f]\{64\}\)$/\1/p' | head -n 1)" "$(stat -L -c %s ${path})"`),
      sh`echo end`,
    ]),
    sh`netboot </dev/null`,
    sh``,
  ]).text;

export async function reportsIn(stdout: string, asked: Asked): Promise<MachineReport[]> {
  // Shared with the page, and so a module of the browsers' kind.
  const { understood, UNREADABLE } = await import("../page/rows.mjs");
  const answer = parseAnswer(stdout);
  if (!answer.has("end")) throw new Error("the master gave no whole answer");
  const orders = new Map((answer.get("orders") ?? []).map(([machine, ...fields]) => [machine, kindOf("orders").parse(fields)]));
  const said = new Map((answer.get("said") ?? []).map(([machine, age, text]) => [machine, { age: Number(age), said: understood(text ?? "", machine!) ?? { error: UNREADABLE } }]));
  const whole = new Map((answer.get("captured") ?? []).map(([machine, sha256 = "", size]) => [machine, { sha256, size: Number(size) }]));
  const captures = new Map(capturesOf(asked).flatMap(({ machine, ...to }) => {
    const found = whole.get(machine);
    return found && /^[0-9a-f]{64}$/.test(found.sha256) ? [[machine, { ...to, ...found }]] : [];
  }));
  return Object.keys(asked).map((machine) => {
    const seen = orders.get(machine);
    const order = !seen?.open ? "none" : seen.done ? "done" : seen.claimed ? "claimed" : "waiting";
    return { machine, generation: seen?.high ?? 0, order, ...said.get(machine), ...(captures.has(machine) && { captured: captures.get(machine)! }) };
  });
}
