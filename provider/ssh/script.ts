import type { Output } from "./transport";

/**
 * The text for `sh -s`: the script as one compound command. The shell parses all of it before it runs anything, so a text
 * cut short by a lost connection is a syntax error and does nothing; and children read /dev/null, so none can eat what
 * follows. Nothing may stand behind the group: a cut there would run a shorter word (`ex`, an editor, for `exit`).
 * (dash takes 40 ms and 20 MB for a script of 4 MB; bash as sh reads its input byte by byte: 1.4 s.)
 */
export function wholeOrNothing(script: string): string {
  // `:` because an empty group is a syntax error.
  return `{\n:\n${script}\n} </dev/null\n`;
}

/**
 * The command that gives a root shell. LC_ALL=C (through env: the login shell may be any) so that the answers of tools,
 * and sudo's own complaints, are in one language.
 */
export function rootCommand(user: string, command: string): string {
  return user === "root" ? `env LC_ALL=C ${command}` : `env LC_ALL=C sudo -n -- ${command}`;
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const SUDO_REFUSALS = /^sudo: .*(password is required|must have a tty|no tty present|account validation|effective uid is not 0)|is not in the sudoers file|^Sorry, user .* (may|is) not/m;

/** Why sudo did not start the shell, with the mend; undefined when it did. */
export function sudoProblem(user: string, output: Output): string | undefined {
  if (user === "root" || output.stdout !== "") return undefined;
  const rule = `as root on the host: echo '${user} ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/netboot && chmod 440 /etc/sudoers.d/netboot`;
  if (output.code === 127 && /sudo/.test(output.stderr) && /not found|No such file/i.test(output.stderr))
    return `sudo is not installed there, and "${user}" is not root. Mend: install sudo and allow it (${rule}), or connect as root.`;
  if (output.code !== 1 || !SUDO_REFUSALS.test(output.stderr)) return undefined;
  const words = output.stderr.trim().split("\n").at(-1);
  return `"${user}" may not become root with \`sudo -n\` (${words}). Mend: ${rule}; or connect as root.`;
}
