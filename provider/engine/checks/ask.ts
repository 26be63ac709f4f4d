import type { Answer, Facts } from "../facts";
import { define, lines, sh } from "../sh";
import { common } from "../shell";
import type { Check } from "../state";
import { questions, type Finding } from "./index";

/** All questions in one script; equal questions are asked once. */
export function checkScript(checks: readonly Check[]): string {
  return lines([
    common,
    define("netboot", checks.map((check, i) => sh`printf 'answer\t%s\t%s\n' ${i} "$( ( ${questions[check.check].ask(check)}
) 2>/dev/null | base64 -w0)"`)),
    sh`netboot </dev/null; echo end`,
    sh``,
  ]).text;
}

export function findingsOf(checks: readonly Check[], answer: Answer, facts: Facts): Finding[] {
  const answers = new Map((answer.get("answer") ?? []).map(([i, base64]) => [Number(i), Buffer.from(base64 ?? "", "base64").toString("utf8")]));
  return checks.map((check, i) => ({ check, ...questions[check.check].judge(check, answers.get(i) ?? "", facts) }));
}
