import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as nunjucks from "nunjucks";
import { quote } from "./engine/sh";
import { bareValue, oneLine } from "./install/language";
import { dnsmasqText, dnsmasqWord, type Fault, ipxeText, ipxeWord, plainWord } from "./language";

/**
 * One strict template environment. Undefined is an error, not an empty line; nothing is escaped: the filters pass a text on as it is,
 * or throw. `rules` complain first and in the user's words, so a throw here is a bug of ours that reaches no master.
 */
const refusing = (language: string, fault: (text: string) => Fault) => (value: unknown) => {
  const text = String(value);
  const wrong = fault(text);
  if (wrong) throw new Error(`${JSON.stringify(text)} ${wrong}; it cannot be written into ${language}`);
  return text;
};

/** Templates by their path below this folder, so that one can import another's macros: `{% import "boot/macros.njk" as ipxe %}`. */
const loader = { getSource: (name: string) => ({ src: readFileSync(join(__dirname, name), "utf8"), path: name, noCache: false }) } as nunjucks.ILoader;

const environment = new nunjucks.Environment(loader, { autoescape: false, throwOnUndefined: true, trimBlocks: true, lstripBlocks: true });
environment.addFilter("ipxe", refusing("an iPXE script", ipxeText));
environment.addFilter("word", refusing("an iPXE script as one word", ipxeWord));
environment.addFilter("dnsmasq", refusing("dnsmasq's configuration", dnsmasqText));
environment.addFilter("item", refusing("a line of dnsmasq's configuration", dnsmasqWord));
environment.addFilter("plain", refusing("a configuration", plainWord));

/** The templates beside a resource: `const template = templates(__dirname)`, then `template("dnsmasq.conf.njk", values)`. */
export function templates(folder: string): (name: string, values: object) => string {
  const below = folder === __dirname ? "" : basename(dirname(folder)) === "resources" ? `resources/${basename(folder)}` : basename(folder);
  return (name, values) => environment.render(join(below, name), values);
}

/** What is wrong in a user's template. In quotes is what may be a part of it: of a secret one, `check` shows nothing in quotes. */
export class TemplateFault extends Error {}

/** Users' templates know no files, no chance, and no comments but `{#-- … --#}`: shells write `${#list}`. */
type Users = nunjucks.Environment & { globals: object; opts: { autoescape: boolean } };
function usersEnvironment(autoescape: boolean): Users {
  const made = new nunjucks.Environment([], { autoescape, throwOnUndefined: true, trimBlocks: true, lstripBlocks: true, tags: { commentStart: "{#--", commentEnd: "--#}" } }) as Users;
  made.addFilter("random", () => {
    throw new Error("random would give another text at each preview");
  });
  return made;
}
const users = usersEnvironment(false);
users.addFilter("sh", (value: unknown) => quote(String(value)));

/** Of answer files: a value comes through a filter that writes it for its place, or holds nothing that its place would interpret. */
const guarded = usersEnvironment(true);
const { runtime } = nunjucks as unknown as { runtime: { SafeString: new (text: string) => object; suppressValue(value: unknown, autoescape: boolean): unknown } };
const safe = (text: string) => new runtime.SafeString(text);
guarded.addFilter("sh", (value: unknown) => safe(quote(String(value))));
guarded.addFilter("json", (value: unknown) => safe(JSON.stringify(value)));
guarded.addFilter("line", (value: unknown) => safe(must(String(value), oneLine)));
// Where nunjucks escapes for HTML, whatever the language is.
const { suppressValue } = runtime;
runtime.suppressValue = (value, autoescape) => (!autoescape || value instanceof runtime.SafeString || value === undefined || value === null ? suppressValue(value, autoescape) : must(String(value), bareValue));
const { globals } = users;

function must(text: string, fault: (text: string) => Fault): string {
  const wrong = fault(text);
  if (wrong) throw new Error(wrong);
  return text;
}

/** A thousand machines share a template: each is compiled once. */
const compiled = new Map<string, nunjucks.Template>();

function template(text: string, environment: Users): nunjucks.Template {
  const key = `${environment.opts.autoescape} ${text}`;
  const known = compiled.get(key) ?? new nunjucks.Template(text, environment, undefined, true);
  if (compiled.size > 100) compiled.clear();
  compiled.set(key, known);
  return known;
}

/** A user's template with these variables: plain values, and maps of them. A name that there is not is an error wherever it is used, in a condition too. Throws a TemplateFault. */
export const userText = (text: string, variables: Record<string, unknown>): string => rendered(text, variables, users);

/** The same for an answer file. */
export const answerText = (text: string, variables: Record<string, unknown>): string => rendered(text, variables, guarded);

function rendered(text: string, variables: Record<string, unknown>, environment: Users): string {
  let missing: string | undefined;
  const strict = (known: object, place: string, all = false): object =>
    new Proxy(known, {
      has: (_, name) => all || name in known,
      get(_, name) {
        if (typeof name === "symbol" || name === "toJSON" || Object.hasOwn(known, name)) return Reflect.get(known, name);
        missing ??= `${place}${name}`;
        throw new Error(`${missing} is not defined`);
      },
    });
  const values = Object.entries(variables).map(([name, value]) => [name, value && typeof value === "object" ? strict(value, `${name}.`) : value]);
  // Nunjucks has no hook for names that are not there; but all that no template sets itself it looks for in the globals.
  environment.globals = strict({ ...globals, ...Object.fromEntries(values) }, "", true);
  try {
    return template(text, environment).render({});
  } catch (error) {
    if (missing === undefined) throw new TemplateFault(words((error as Error).message));
    const line = text.split("\n").findIndex((it) => it.includes(missing!)) + 1;
    throw new TemplateFault(`"${missing}" is not defined${line ? ` (line ${line})` : ""}`);
  }
}

/** `(unknown path) [Line 2, Column 3]\n  unexpected token: .` as nunjucks says it. */
function words(message: string): string {
  const line = /\[Line (\d+)/.exec(message)?.[1];
  const what = message.split("\n").at(-1)!.trim().replace(/^Error: /, "");
  return `"${what}"${line ? ` (line ${line})` : ""}`;
}
