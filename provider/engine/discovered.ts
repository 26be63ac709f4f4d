import { parseAnswer } from "./facts";
import { define, lines, sh } from "./sh";
import { common } from "./shell";
import { DISCOVERED } from "./state";

/** Most bytes that are read of what a machine says; the web server takes no more. */
export const REPORT_LIMIT = 16384;

/** Who has asked whether it may register, and what it said then, as it came. */
export interface Asked {
  mac: string;
  /** Seconds since it said what hardware it has, or, where it did not, since it asked. */
  age: number;
  /** Nothing: it has not come so far. */
  text?: string;
}

export interface Discovered {
  machines: Asked[];
  /** How many more may register. */
  free: number;
}

/** One question, that writes nothing. In the order in which they came: who is switched on first is the first. */
export const discoveredScript = (): string =>
  lines([
    common,
    define("netboot", [
      sh`cd ${DISCOVERED} 2>/dev/null || { echo end; return 0; }
now=$(date +%s)
for m in [0-9a-f][0-9a-f]-*; do
  [ -d "$m" ] || continue
  if [ -f "$m/report" ]; then printf 'found\t%s\t%s\t%s\n' "$m" "$((now - $(stat -c %Y "$m/report")))" "$(head -c ${REPORT_LIMIT + 1} "$m/report" | tr -d '\000' | tr '\n\r\t' '   ')"
  else printf 'found\t%s\t%s\n' "$m" "$((now - $(stat -c %Z "$m")))"; fi
done
printf 'free\t%s\n' "$(find free -mindepth 1 -maxdepth 1 -type d | wc -l)"
echo end`,
    ]),
    sh`netboot </dev/null`,
    sh``,
  ]).text;

export function discoveredIn(stdout: string): Discovered {
  const answer = parseAnswer(stdout);
  if (!answer.has("end")) throw new Error("the master gave no whole answer");
  const machines = (answer.get("found") ?? []).flatMap(([name = "", age, text]): Asked[] =>
    /^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/.test(name) ? [{ mac: name.replaceAll("-", ":"), age: Number(age), ...(text !== undefined && { text }) }] : []);
  return { machines: machines.sort((a, b) => b.age - a.age || (a.mac < b.mac ? -1 : 1)), free: Number(answer.get("free")?.[0]?.[0] ?? 0) };
}

/** Gives back the places of these machines, with what they said: each may say it once more. */
export const forgetScript = (macs: readonly string[]): string =>
  lines([
    common,
    define("netboot", [
      sh`take_lock -x 900 && cd ${DISCOVERED} || return 1
for m in ${macs.map((mac) => mac.replaceAll(":", "-"))}; do
  [ -d "$m" ] || continue
  i=0
  while n=$(printf 'free/%03d' $i) && [ -e "$n" ]; do i=$((i + 1)); done
  rm -f -- "$m/report" && mv -T -- "$m" "$n" && printf 'forgot\t%s\n' "$m"
done
echo end`,
    ]),
    sh`netboot </dev/null`,
    sh``,
  ]).text;

export function forgottenIn(stdout: string): string[] {
  const answer = parseAnswer(stdout);
  if (!answer.has("end")) throw new Error("the master gave no whole answer");
  return (answer.get("forgot") ?? []).map(([name = ""]) => name.replaceAll("-", ":"));
}
