import type { InstallBoot, MasterRef, Templated } from "../boot/types";

/** Who installs itself: what the templates know. */
export type Installing = Templated;

export type Installed = Installing & { boot: InstallBoot };

export const installs = (machine: Installing): machine is Installed => machine.boot?.kind === "install";

/** What differs between installers. */
export interface Family {
  /** The answer file's name in its machine's folder on the master. */
  file: string;
  /** Arguments that lead the kernel to it; `base` is the folder's URL, and ends with a slash. */
  args(base: string, hostname: string, master: MasterRef): string;
  /** What is wrong with a rendered template, as the end of a sentence, and the mend; nothing if the installer can read it. In quotes is what may be a part of a secret. */
  fault(text: string): string | undefined;
  /** All that is served there, of a rendered template. */
  serves(text: string, machine: Installed): Record<string, string>;
}
