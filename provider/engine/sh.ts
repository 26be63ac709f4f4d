/** A piece of shell text. Made by `sh`, `raw` and `lines` only, so that no value gets into a script unquoted. */
export interface Sh {
  readonly text: string;
}

type Value = string | number | Sh | readonly string[];

/**
 * Shell text from a template. A string becomes one quoted word, whatever is in it; a list becomes several words; shell text stays as it is.
 * Quoting is so a property of the value and cannot be forgotten at the place of use. Backslashes are the shell's; `\${` is a shell expansion.
 */
export function sh(parts: TemplateStringsArray, ...values: Value[]): Sh {
  return { text: parts.raw.map((part, i) => part.replaceAll("\\${", "${") + (i < values.length ? word(values[i]!) : "")).join("") };
}

/** Constant shell text: never for anything that came from outside the source. */
export const raw = (text: string): Sh => ({ text });

/** One piece below the other. */
export const lines = (pieces: readonly Sh[]): Sh => ({ text: pieces.map((piece) => piece.text).join("\n") });

/** A function of that name; an empty body is allowed. */
export const define = (name: string, body: readonly Sh[]): Sh => ({ text: `${name}() {\n:\n${lines(body).text}\n}` });

function word(value: Value): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quote(value);
  if ("text" in value) return value.text;
  return value.map(quote).join(" ");
}

/** One word for a POSIX shell. NUL cannot be in a shell word, so it is refused rather than dropped. */
export function quote(value: string): string {
  if (value.includes("\0")) throw new TypeError("a NUL character cannot go into a shell script");
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
