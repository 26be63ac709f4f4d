import { parseAnswer } from "./facts";
import { kindOf } from "./kinds";
import { keyLists } from "./probe";
import { entry } from "./record";
import { define, lines, sh } from "./sh";
import { common } from "./shell";
import { SITE } from "./state";

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
}

/** A machine's report (docs/cloning-protocol.md). It comes over an open network: nothing of it is more than a claim. */
export interface Said {
  stage?: string;
  generation?: number;
  percent?: number;
  /** Bytes a second. */
  rate?: number;
  /** Seconds. */
  eta?: number;
  image?: string;
  disk?: string;
  error?: string;
  hostkey?: string;
}

/** One question for all machines. Writes nothing. */
export const reportsScript = (machines: readonly string[]): string =>
  lines([
    common,
    keyLists(machines.map((machine) => entry("orders", machine))),
    define("netboot", [
      sh`k=$(keys_orders); now=$(date +%s)
[ -z "$k" ] || probe_orders
for m in ${machines}; do
  s=${`${SITE}/reports`}/$m/status
  [ -f "$s" ] && printf 'said\t%s\t%s\t%s\n' "$m" "$((now - $(stat -c %Y "$s")))" "$(head -c 4096 "$s" | tr -d '\n\r\t')"
done
echo end`,
    ]),
    sh`netboot </dev/null`,
    sh``,
  ]).text;

export function reportsIn(stdout: string, machines: readonly string[]): MachineReport[] {
  const answer = parseAnswer(stdout);
  if (!answer.has("end")) throw new Error("the master gave no whole answer");
  const orders = new Map((answer.get("orders") ?? []).map(([machine, ...fields]) => [machine, kindOf("orders").parse(fields)]));
  const said = new Map((answer.get("said") ?? []).map(([machine, age, text]) => [machine, { age: Number(age), said: understood(text ?? "") }]));
  return machines.map((machine) => {
    const seen = orders.get(machine);
    const order = !seen?.open ? "none" : seen.done ? "done" : seen.claimed ? "claimed" : "waiting";
    return { machine, generation: seen?.high ?? 0, order, ...said.get(machine) };
  });
}

const TEXTS = ["stage", "image", "disk", "error", "hostkey"] as const;
const NUMBERS = ["generation", "percent", "rate", "eta"] as const;

/** Only what a report may hold, and no character that would do something on a terminal. */
function understood(text: string): Said {
  try {
    const raw = JSON.parse(text) as Record<string, unknown>;
    const texts = TEXTS.flatMap((key) => (typeof raw[key] === "string" ? [[key, (raw[key] as string).replace(/[^\x20-\x7e]/g, "?").slice(0, 500)]] : []));
    const numbers = NUMBERS.flatMap((key) => (typeof raw[key] === "number" && Number.isFinite(raw[key]) ? [[key, raw[key]]] : []));
    return Object.fromEntries([...texts, ...numbers]);
  } catch {
    return { error: "its report cannot be read" };
  }
}
