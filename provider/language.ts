/**
 * What the languages that our files are written in would interpret. Nothing is ever escaped: iPXE knows no quoting at all, and
 * a text that has to be escaped is a text that a reviewer misreads. Each function says what is wrong, or nothing.
 */

export type Fault = string | undefined;

const shown = (c: string) => (c === "\n" ? "a line break" : c === "\t" ? "a tab" : /[\x00-\x1f\x7f]/.test(c) ? `the control character U+${c.charCodeAt(0).toString(16).padStart(4, "0")}` : `the character ${c}`);

function printable(text: string): Fault {
  const odd = /[^\x20-\x7e]/u.exec(text)?.[0];
  if (!odd) return undefined;
  return /[\x00-\x7f]/.test(odd) ? `holds ${shown(odd)}, which would begin something else` : `holds ${shown(odd)}, and only ASCII can be relied on before an operating system runs`;
}

/**
 * Words after a command in an iPXE script: src/core/exec.c splits at white space only, ends a command at the words `||`, `&&` and `;`,
 * takes a word that begins with `#` as a comment, and expands `${…}`; src/image/script.c joins lines at a final `\`. There are no quotes.
 */
export function ipxeText(text: string): Fault {
  const odd = printable(text);
  if (odd) return odd;
  if (/["'`]/.test(text)) return "holds a quote, which iPXE does not know and would hand on as it is";
  if (text.includes("${")) return "holds ${, which iPXE would replace by a setting";
  if (text.includes("||") || text.includes("&&")) return "holds || or &&, which would end the command";
  if (text.includes("\\")) return "holds a backslash, which can join two lines";
  const words = text.split(" ");
  if (words.includes(";")) return "holds ; as a word of its own, which would end the command (inside a word it is fine)";
  const comment = words.find((word) => word.startsWith("#"));
  if (comment) return `holds the word ${comment}, which begins a comment (inside a word # is fine)`;
  return undefined;
}

/** One word of an iPXE script. */
export const ipxeWord = (text: string): Fault => ipxeText(text) ?? (/^[^ ]+$/.test(text) ? undefined : "holds a space, or nothing");

/** A value in dnsmasq's configuration, where commas separate, `#` begins a comment, and quotes and backslashes are syntax (dnsmasq(8), CONFIG FILE). */
export function dnsmasqText(text: string): Fault {
  const odd = printable(text) ?? (/["'\\#]/.exec(text) && `holds ${shown(/["'\\#]/.exec(text)![0])}, which is syntax in dnsmasq's configuration`);
  if (odd) return odd;
  if (text.includes("${")) return "holds ${, which iPXE would replace by a setting when it is told the option";
  return (text !== text.trim() || text === "" ? "is empty or has spaces at its ends, which dnsmasq would drop" : undefined);
}

/** One item of a comma-separated line of dnsmasq. */
export const dnsmasqWord = (text: string): Fault => dnsmasqText(text) ?? (/[\s,]/.test(text) ? "holds a comma or a space, which would begin another item" : undefined);

/** A word of nginx's configuration (ngx_conf_file.c: white space, ; { } quotes # \ $ are syntax) and of a systemd unit (% and $ expand). */
export const plainWord = (text: string): Fault => (/^[A-Za-z0-9._:\/-]+$/.test(text) ? undefined : "holds something else than letters, digits and . _ : / -");
