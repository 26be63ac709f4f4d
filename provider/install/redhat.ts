import { quoted } from "../words";
import type { Family } from "./types";

/** Commands that the installation writes itself, and why. */
const OURS: Record<string, string> = {
  ignoredisk: "the disk is the one that boot.install names",
  ...Object.fromEntries(["reboot", "poweroff", "shutdown", "halt"].map((command) => [command, "then of boot.install says how it ends"])),
};

/** Anaconda: a kickstart file between a part that chooses the disk and one that reports. */
export const redhat: Family = {
  file: "ks.cfg",
  args: (base) => `inst.ks=${base}ks.cfg`,
  fault,
  serves(text, { master, boot: { then } }) {
    const before = `# netboot: which disk, and what the master is told.
%pre --erroronfail --interpreter=/bin/sh
set -e
curl -sSf -o /tmp/netboot ${master.http}/installers/netboot
chmod 755 /tmp/netboot
/tmp/netboot start
disk=$(/tmp/netboot disk)
printf 'ignoredisk --only-use=%s\\n' "\${disk#/dev/}" >/tmp/netboot.ks
/tmp/netboot watch </dev/null >/dev/null 2>&1 &
%end
%include /tmp/netboot.ks
${then}
`;
    const after = `
# netboot: the end, one or the other.
%onerror --interpreter=/bin/sh
/tmp/netboot failed "the installer says why on its console"
%end
%post --nochroot --erroronfail --interpreter=/bin/sh
/tmp/netboot done
%end
`;
    return { "ks.cfg": `${before}\n${text.replace(/\n*$/, "\n")}${after}` };
  },
};

/** Sections end; commands that are ours are not there. What a command may say is Anaconda's to judge: it differs from release to release. */
function fault(text: string): string | undefined {
  let section = "";
  for (const [i, line] of text.split("\n").entries()) {
    const word = line.trim().split(/\s/)[0]!;
    const say = (what: string, mend: string) => `${what} in line ${i + 1}: ${mend}`;
    if (word === "%end") {
      if (!section) return say("has %end without a section before it", "take it out");
      section = "";
    } else if (/^%(pre|pre-install|post|onerror|traceback|packages|addon|anaconda|certificate)$/.test(word)) {
      if (section) return say(`begins ${word} before ${section} has ended`, "write %end before it");
      section = word;
    } else if (!section && OURS[word]) return say(`has the command ${word}`, `take it out; ${OURS[word]}`);
    else if (!section && !/^(#.*|%include|%ksappend|[a-z][a-z0-9_-]*)?$/.test(word)) return say(`has ${quoted(line)}, which is no command of a kickstart file,`, "correct it");
  }
  return section ? `ends within ${section}: write %end below it` : undefined;
}
