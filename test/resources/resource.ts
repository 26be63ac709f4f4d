/** One resource as `check` and `preview` see it: validated, normalised, judged, rendered. */
import { resourceNames, resourceType } from "../../provider/dist/resources/registry.js";
import { ruleProblems } from "../../provider/dist/rules.js";
import { schemaOf, validate } from "../../provider/dist/validate.js";
import type { Desired, Problem } from "../../provider/dist/resource.js";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Fields = { [key: string]: Json };
export { resourceNames, resourceType, schemaOf };

export interface Judged {
    failures: Problem[];
    input: any;
    desired?: Desired;
}

export function judged(name: string, inputs: Fields): Judged {
    const type = resourceType(name);
    const { problems, input } = validate(type, structuredClone(inputs));
    if (problems.length) return { failures: problems, input };
    const given = type.normalise ? type.normalise(input) : input;
    const failures = ruleProblems(type, given);
    return failures.length ? { failures, input: given } : { failures, input: given, desired: type.desired(given) };
}
