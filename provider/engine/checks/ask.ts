import type { Answer, Facts } from "../facts";
import { define, lines, raw, sh } from "../sh";
import { common } from "../shell";
import type { Check } from "../state";
import { questions, type Finding, type When } from "./index";

/** Those of which this host can know something yet. */
export const applying = (checks: readonly Check[], facts: Facts): Check[] => checks.filter((check) => questions[check.check].applies?.(check, facts) ?? true);

/** All questions in one script; equal questions are asked once. */
export function checkScript(checks: readonly Check[]): string {
  const asked = Map.groupBy(checks.keys(), (i) => questions[checks[i]!.check].ask(checks[i]!).text);
  return lines([
    common,
    define("netboot", [...asked].map(([question, who]) => sh`printf 'answer\t%s\t%s\n' ${who.join(",")} "$( ( ${raw(question)}
) 2>/dev/null | base64 -w0)"`)),
    sh`netboot </dev/null; echo end`,
    sh``,
  ]).text;
}

export function findingsOf(checks: readonly Check[], answer: Answer, facts: Facts, when: When): Finding[] {
  const answers = new Map((answer.get("answer") ?? []).flatMap(([who, base64]) => who!.split(",").map((i) => [Number(i), Buffer.from(base64 ?? "", "base64").toString("utf8")])));
  return checks.map((check, i) => ({ check, ...questions[check.check].judge(check, answers.get(i) ?? "", facts, when) }));
}
