import type { HostState } from "../engine/state";
import { SITE } from "../engine/state";
import { ipxeText } from "../language";
import { answerText, TemplateFault } from "../render";
import type { Problem } from "../resource";
import { hostnameOf } from "../seed/seed";
import { quoted } from "../words";
import { debian } from "./debian";
import { ignition } from "./ignition";
import { redhat } from "./redhat";
import { type Family, type Installed, type Installing, installs } from "./types";
import { ubuntu } from "./ubuntu";

/** Any other: the text as it is; its kernel arguments are the user's. */
const custom: Family = { file: "answers", args: () => "", fault: () => undefined, serves: (text) => ({ answers: text }) };
const families: Record<string, Family> = { debian, ubuntu, redhat, ignition, custom };
const familyOf = ({ boot }: Installed): Family => families[boot.installer.family] ?? custom;

const folder = ({ name }: Installing) => `/answers/${name}`;
const baseOf = (machine: Installed) => `${machine.master.http}${folder(machine)}/`;

/** What templates know. */
function variables(machine: Installed): Record<string, unknown> {
  const { name, mac, uuid, serial, address, master, boot } = machine;
  const all = {
    name, hostname: hostnameOf(machine), mac, uuid, serial, address, generation: boot.generation, url: baseOf(machine) + familyOf(machine).file,
    master: { name: master.name, address: master.address, http: master.http }, answers: { ...boot.installer.answers, ...boot.answers },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Arguments of the installer's kernel: the user's, and those that lead it to its answers. */
export function installCmdline(machine: Installing): string | undefined {
  if (!installs(machine)) return undefined;
  const own = answerText(machine.boot.installer.cmdline, variables(machine));
  return [own, familyOf(machine).args(baseOf(machine), hostnameOf(machine), machine.master)].filter(Boolean).join(" ").replace(/ +/g, " ").trim();
}

const textOf = (machine: Installed) => answerText(machine.boot.installer.template, variables(machine));

/** What is served to this machine while its installation is ordered. */
export function answersState(machine: Installing): Pick<HostState, "files"> {
  if (!installs(machine)) return {};
  const files = familyOf(machine).serves(textOf(machine), machine);
  return { files: Object.fromEntries(Object.entries(files).map(([name, text]) => [`${SITE}/http${folder(machine)}/${name}`, text])) };
}

/** Answers are text in Pulumi's state, once for each machine. */
const LARGEST = 256 << 10;
/** The longest command line that x86 kernels take is 2,047 characters (COMMAND_LINE_SIZE); an order's number comes to it. */
const LONGEST = 1800;

/** Whatever the template makes of this machine's values must be something that its installer can read. */
export function answersProblems(machine: Installing): Problem[] {
  if (!installs(machine)) return [];
  const { installer } = machine.boot;
  const say = (what: string): Problem[] => [{ property: "boot.answers", reason: `boot.answers of machine "${machine.name}", in the template ${installer.place ? `${quoted(installer.place)} ` : ""}of installer ${installer.name}, ${what}.` }];
  try {
    const text = textOf(machine);
    const wrong = familyOf(machine).fault(text);
    if (wrong) return say(`make a text that ${wrong}`);
    const bytes = Buffer.byteLength(text);
    if (bytes > LARGEST) return say(`make ${bytes} bytes, and ${LARGEST} are allowed: let the installer fetch what is large`);
    const line = installCmdline(machine)!;
    if (line.length > LONGEST) return say(`make a command line of ${line.length} characters, and ${LONGEST} are allowed: shorten the installer's cmdline`);
    const fault = ipxeText(line);
    return fault ? say(`make the command line ${quoted(line)}, which ${fault}: change the installer's cmdline`) : [];
  } catch (error) {
    if (error instanceof TemplateFault) return say(`cannot be filled in, ${error.message}: correct it; what templates know is in docs/installers.md`);
    throw error;
  }
}
