import type { Fault } from "../language";

/** What a text holds that one of the languages of answer files (preseed, kickstart, YAML, JSON, shell) would interpret. A value that stands in a template without a filter must hold nothing of it. */
export const bareValue = (text: string): Fault => (/^[\p{L}\p{N} _.,:\/@%+=^~-]*$/u.test(text) ? undefined : "a value that an answer file would interpret stands there without a filter: write `| sh` for one word of a shell or a kickstart file, `| json` for a text in YAML or JSON, `| line` for the rest of a line as it is, or `| safe` for more");

/** One line of a text: no line break, no other control character, and no backslash that would join the next one. */
export const oneLine = (text: string): Fault => (/[\x00-\x08\x0a-\x1f\x7f]/.test(text) ? "a value with a line break, or another control character, cannot be a line" : text.endsWith("\\") ? "a value that ends with a backslash would go on in the next line" : undefined);
