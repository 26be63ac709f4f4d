import { ipxeText } from "../language";
import type { Problem } from "../resource";
import type { KernelBoot } from "./types";

/** The command line that a boot gives its kernel: the machine's in place of the image's, if it has one, and what it appends. */
export const cmdlineOf = ({ image, cmdline, append }: KernelBoot) => oneSpaced([cmdline === undefined ? image.cmdline : cmdline, append ?? ""].join(" "));

/** iPXE splits at white space and joins with single spaces: what it would make of a text, so that the diff shows it. */
export const oneSpaced = (text: string) => text.replace(/ +/g, " ").replace(/^ | $/g, "");

export function normalisedKernel<T extends Partial<KernelBoot>>(boot: T): T {
  const { cmdline, append } = boot;
  return { ...boot, ...(typeof cmdline === "string" && { cmdline: oneSpaced(cmdline) }), ...(typeof append === "string" && { append: oneSpaced(append) }) };
}

/** The longest command line that x86 kernels take is 2,047 characters (COMMAND_LINE_SIZE). */
const LONGEST = 2000;

export function kernelProblems(boot: KernelBoot, property: string): Problem[] {
  const line = cmdlineOf(boot);
  if (line.length > LONGEST) return [{ property, reason: `${property} makes a command line of ${line.length} characters, and kernels take ${LONGEST}: shorten the image's cmdline or append.` }];
  const fault = ipxeText(line);
  return fault ? [{ property, reason: `${property} makes the command line "${line}", which ${fault}: change the image's cmdline or append.` }] : [];
}

/** For a reviewer: which files, and what they are told. */
export function kernelSummary(boot: KernelBoot): string[] {
  const { name, digest, kernel, initrds } = boot.image;
  return [`kernel image ${name} sha256:${digest.slice(0, 12)} (${[kernel, ...initrds].map((file) => file.name).join(" + ")})`, `command line: ${cmdlineOf(boot) || "none"}`];
}
