import type { Outcome } from "./apply";
import { folder } from "./paths";
import type { Problem } from "./state";

/** What an outcome of the apply script means to a user. */
export function problemOf({ status, subject, words }: Outcome): Problem & { words?: string } {
  const said = words || undefined;
  const full = /No space left/.test(words);
  switch (status) {
    case "refused":
      return { cause: `${subject} would not accept its new configuration, and nothing of it was put in service`, words: said, mend: "Correct what its checker names." };
    case "unhealthy":
      return { cause: `${subject} did not stay up with its new configuration, and the previous files are back in service`, words: said, mend: "Correct what the daemon names." };
    case "packages":
      return { cause: `apt-get could not do its work for ${subject}`, words: said, mend: "Correct what apt-get names, or run it by hand on the master to see more." };
    case "digest":
      return { cause: `what arrived for ${subject} has another digest than its source`, file: subject, words: said, mend: "Try again; if it happens again, suspect the disk or the memory of one of the two machines." };
    case "artifact":
      return { cause: `building ${subject} failed, and nothing of it was put in place`, file: subject, words: said, mend: full ? `Make room in the file system of ${folder(subject)}, and run up again.` : "Correct what the words above name, and run up again." };
    case "volume":
    case "target":
      return { cause: `${subject} could not be changed, and is as it was`, file: subject, words: said, mend: "Mend what the words above name, and run up again." };
    case "busy":
      return { cause: `${subject} offers disks that are in use, and is as it was`, words: said, mend: "Mend what the words above name, and run up again." };
    case "foreign":
      return { cause: `${subject} is a symbolic link in a directory of ours, and nothing behind it was touched`, file: subject, words: said, mend: "Put the directory back; to keep it on another disk, mount it there, or link a directory above all of ours." };
    case "locked":
      return lockedBy(subject);
    case "stale":
      return { cause: "the host keeps changing under our hands", mend: "Wait for the other run to end, and try again." };
    default:
      return full
        ? { cause: "the disk is full", words: said, mend: "Make room on the master, where the words above say." }
        : { cause: `the step "${subject}" failed`, words: said, mend: "Correct what the words above name, and run up again." };
  }
}

export const lockedBy = (holder: string): Problem => ({ cause: `its lock is still held by ${holder}`, mend: "Wait for that run to end, or end it." });
