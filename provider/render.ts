import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as nunjucks from "nunjucks";
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
