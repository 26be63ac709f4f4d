import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the imaging system is made with; how it is made is in recipe/, and what it does in client/. */
export interface ImagingOptions {
  /** SSH public keys that may log in as root; none, and it runs no SSH server. */
  authorizedKeys?: string[];
  /** Further firmware packages, as `firmware-bnx2`; the master's apt sources must have them. */
  firmware?: string[];
  /** Raised to have the same built anew, of the packages that there are on that day. */
  generation?: number;
}

export interface Imaging {
  /** Of the recipe and the options: another digest is another system. Which versions of packages it was built from is not in it. */
  id: string;
  /** Packages to be installed on the master before the script runs: only what every Debian has. */
  packages: string[];
  /** Shell text for root, with `$OUT` an empty folder: leaves `$OUT/vmlinuz` and `$OUT/initrd` (both 0644), and says on descriptor 4, where open, how far it is. */
  script: string;
}

interface File {
  path: string;
  text: string;
  mode: string;
}

/** Tools come out of packages; applets are busybox's; a comment in a list begins with #. */
type Needs = Record<"packages" | "tools" | "applets", string[]>;

/** What the build itself runs or takes apart, and the tools of /init. */
const builders = ["busybox", "coreutils", "cpio", "dash", "kmod", "udev", "xz-utils", "zstd"];
const initTools = ["dash", "modprobe", "insmod", "rmmod", "lsmod", "depmod", "udevadm", "sh", "mount", "ip", "udhcpc", "hostname", "setsid", "tee", "mkfifo", "xxd", "base64", "sha256sum"];
const sshTools = ["dropbear", "dropbearkey"];

export function imaging(options: ImagingOptions = {}, client = join(__dirname, "client")): Imaging {
  const { authorizedKeys = [], firmware = [], generation = 1 } = options;
  const recipe = join(__dirname, "recipe");
  const text = (name: string) => readFileSync(join(recipe, name), "utf8");
  const wanted = [...initTools, ...(authorizedKeys.length ? sshTools : []), ...lines(readFileSync(join(client, "tools"), "utf8"))];
  const { packages, tools, applets } = needs(wanted, text("packages"));
  const files = [
    ...below(join(recipe, "root")).map(([path, content]) => ({ path: `/${path}`, text: content, mode: content.startsWith("#!") ? "755" : "644" })),
    ...below(client).map(([path, content]) => ({ path: `/netboot/${path}`, text: content, mode: "755" })),
    ...(authorizedKeys.length ? [{ path: "/root/.ssh/authorized_keys", text: authorizedKeys.map(oneKey).join(""), mode: "600" }] : []),
  ];
  const body = [
    // Not of the first, which so is what it was before there were generations.
    ...(generation > 1 ? [`# generation ${generation}`, text("again.sh")] : []),
    ...Object.entries({ PACKAGES: [...builders, ...packages], TOOLS: tools, APPLETS: applets, FIRMWARE: firmware }).map(([name, words]) => `${name}='${[...new Set(words)].sort().map(word).join(" ")}'`),
    `modules() {\n${heredoc("cat", `${patterns(text("modules")).join("\n")}\n`, "end of modules")}}`,
    `files() {\n${files.map((file) => heredoc(`put ${plain(file)} ${file.mode}`, file.text, `end of ${file.path}`)).join("")}}`,
  ].join("\n");
  const build = text("build.sh");
  const id = createHash("sha256").update(JSON.stringify([body, build])).digest("hex").slice(0, 16);
  return { id, packages: [...masterNeeds], script: `${body}\nname() { echo ${id}; }\n${build}` };
}

/** apt, dpkg, tar and chroot: Debian's own tools, which are there. */
const masterNeeds: string[] = [];

/** Each line is a tool, and after it the package that brings it where recipe/packages does not know; what no package brings is busybox's. */
function needs(wanted: string[], known: string): Needs {
  const brings = new Map(lines(known).flatMap((line) => {
    const [name, tools] = line.split(":") as [string, string];
    return tools.trim().split(/\s+/).map((tool) => [tool, name] as const);
  }));
  const all = wanted.map((line) => {
    const [tool, named] = line.split(/\s+/) as [string, string?];
    return { tool, from: named ?? brings.get(tool) };
  });
  const names = (brought: boolean) => all.filter(({ from }) => (from !== undefined) === brought).map(({ tool }) => tool);
  return { tools: names(true), applets: names(false), packages: all.flatMap(({ from }) => from ?? []) };
}

const lines = (text: string) => text.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean);

/** `a/{b,c}` is two patterns: a POSIX shell does not know braces. */
function patterns(text: string): string[] {
  const expand = (line: string): string[] => {
    const [, before, inner, after] = /^(.*)\{([^{}]*)\}(.*)$/.exec(line) ?? [];
    return inner === undefined ? [line] : inner.split(",").flatMap((one) => expand(before! + one + after!));
  };
  return lines(text).flatMap(expand);
}

function below(folder: string): [string, string][] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return names.map((entry) => join(entry.parentPath, entry.name)).sort().map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]);
}

/** The text as it is: nothing in a quoted here-document is expanded. */
function heredoc(command: string, text: string, end: string): string {
  const whole = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  if (whole.includes("\0") || whole.split("\n").includes(end)) throw new Error(`a file of the imaging system holds a zero byte or the line "${end}"`);
  return `${command} << '${end}'\n${whole}${end}\n`;
}

const plain = ({ path }: File) => word(path);

function word(text: string): string {
  if (!/^[A-Za-z0-9/._+-]+$/.test(text)) throw new Error(`${JSON.stringify(text)} is no name that the imaging system's build knows how to write`);
  return text;
}

function oneKey(key: string): string {
  const line = key.trim();
  if (!/^[\x20-\x7e]+$/.test(line)) throw new Error("an authorised key is one line of ASCII");
  return `${line}\n`;
}
