import { ontoVolume } from "../boot/disks";
import { quoted } from "../words";
import type { Family } from "./types";

/** Types that debconf-set-selections takes (debconf-devel(7), "Types"). */
const TYPES = ["string", "boolean", "select", "multiselect", "note", "password", "text", "title", "error", "seen"];
/** Questions that the installation answers itself, and why. */
const OURS: Record<string, string> = {
  "preseed/run": "the installer is told by it what to do with disk and report; let preseed/early_command run what you have",
  "partman-auto/disk": "the disk is the one that boot.install names",
  "grub-installer/bootdev": "it is the disk that boot.install names",
  "debian-installer/exit/poweroff": "then of boot.install says how it ends",
  "debian-installer/exit/halt": "then of boot.install says how it ends",
};

/** debian-installer: a preseed file, with lines below it that load our script. */
export const debian: Family = {
  file: "preseed.cfg",
  // Asked before the answers are there, where DHCP names no name server; nothing is no answer, and this one is used only then.
  args: (base, hostname, { address }) => `auto=true priority=critical interface=auto netcfg/no_default_route=true netcfg/get_nameservers=${address} hostname=${hostname} url=${base}preseed.cfg`,
  fault: (text) => (/\\\s*$/.test(text) ? "ends with a backslash, which would join a line that is not there: take it out" : entries(text).map(wrong).find(Boolean)),
  serves(text, { master, boot: { then, disk } }) {
    // A machine may have none when disks are looked for first, and UEFI finds the loader on a disk of the master by its fixed name alone.
    const volume = ontoVolume(disk) ? ["d-i disk-detect/module_select select continue with no disk drive", "d-i grub-installer/force-efi-extra-removable boolean true"] : [];
    const own = [
      "", "# netboot: which disk, what the master is told, and no question at the end.",
      `d-i preseed/run string ${master.http}/installers/debian`, "d-i finish-install/reboot_in_progress note", ...volume, ...(then === "poweroff" ? ["d-i debian-installer/exit/poweroff boolean true"] : []), "",
    ];
    return { "preseed.cfg": text.replace(/\n*$/, "\n") + own.join("\n") };
  },
};

/** Lines, those that end with a backslash joined with the next one; comments and empty ones left out. */
function entries(text: string): { number: number; line: string }[] {
  const all: { number: number; line: string }[] = [];
  let open = "";
  for (const [i, line] of text.split("\n").entries()) {
    if (line.endsWith("\\")) open += line.slice(0, -1);
    else {
      if (/^\s*[^\s#]/.test(open + line)) all.push({ number: i + 1, line: (open + line).trim() });
      open = "";
    }
  }
  return all;
}

function wrong({ number, line }: { number: number; line: string }): string | undefined {
  const [, question, type] = /^\S+\s+(\S+)\s+(\S+)(\s|$)/.exec(line) ?? [];
  if (!question || !TYPES.includes(type!)) return `has in line ${number} ${quoted(line)}, which is no line of a preseed file: write an owner, a question, a type (${TYPES.join(", ")}) and a value, as "d-i passwd/root-login boolean false"`;
  const why = OURS[question];
  return why && `answers ${question} in line ${number}: take it out; ${why}`;
}
