import { templates } from "../render";
import { SITE } from "../engine/state";
import { cmdlineOf } from "./kernel";
import { winpeJob, type WinPeJob } from "./winpe";
import { asks, ontoVolume } from "./disks";
import { MEMTEST_URL } from "./memtest";
import { menuSettings } from "./menu";
import { tokens } from "../install/order";
import type { Boot, InstallBoot, KernelBoot, LocalBoot, MasterRef, Retries } from "./types";

const template = templates(__dirname);

/** Where things are on the master, and under which path clients fetch them. */
export { SITE };
export const HTTP = `${SITE}/http`;
export const blobPath = ({ sha256, name }: { sha256: string; name: string }) => `/blob/${sha256}/${name}`;
/** Over TFTP, which gives up on a silent server by itself; iPXE fetches its first file without a time-out, and HTTP would wait for ever. */
export const TFTP = `${SITE}/tftp`;
export const menuPath = (name: string) => `/menu/${name}.ipxe`;

/** A boot as templates render it: no references any more, only words. Nothing for the local disk. */
export type Job =
  | KernelJob
  | WinPeJob
  | { kind: "chain"; url: string }
  | ({ kind: "menu"; url: string } & Seen)
  | { kind: "disk"; volume: string; /** The master is asked for fresh disks first. */ fresh: boolean }
  | { kind: "door"; behind: string }
  | { kind: "memtest"; folder: string; cmdline: string }
  | { kind: "hardware" | "reboot" | "poweroff" | "shell" };

interface KernelJob {
  kind: "kernel";
  kernel: string;
  initrds: string[];
  cmdline: string;
  /** Whose order must be there first: a machine's by name, or each one's by its MAC address. */
  order?: Pick<Booting, "machine">;
  /** Arguments that iPXE fills in. */
  own?: string;
  /** The disk of the master that it finds as its first one, and whether the master is asked for fresh disks first. */
  volume?: string;
  fresh?: boolean;
  /** Of an installation: what it must take before it begins, one after the other, and where it says that none is left. */
  begin?: { tokens: string[]; spent: string };
}

/** What a menu is told of the machine: nothing, or settings by name. */
interface Seen {
  settings: [name: string, value: string][];
}

/** What these jobs leave in iPXE when they fail: names of images, and whether a disk of the master. */
export function leftoversOf(jobs: Job[]): { images: string[]; disk: boolean } {
  const names = jobs.flatMap((job) => (job.kind === "kernel" ? job.initrds.map((_, i) => `initrd${i}`) : job.kind === "winpe" ? job.files : []));
  return { images: [...new Set(names)], disk: jobs.some((job) => (job.kind === "winpe" || job.kind === "kernel") && !!job.volume) };
}

/** Who boots, and from where: what the imaging system is told. */
export interface Booting {
  /** Missing in a script of many machines: each of them is called by its MAC address. */
  machine?: string;
  master: MasterRef;
  /** Is all of the master in the machine's own subnet? */
  near?: boolean;
  /** Arguments of an installer's kernel, as they are for this machine. */
  installer?: string;
}

export function jobOf(boot: Boot, who?: Booting): Job | undefined {
  switch (boot.kind) {
    case "local":
      return undefined;
    case "shell":
    case "hardware":
    case "reboot":
    case "poweroff":
      return { kind: boot.kind };
    case "memtest":
      return { kind: "memtest", folder: MEMTEST_URL, cmdline: boot.cmdline };
    case "menu":
      return { kind: "menu", url: menuPath(boot.menu.name), settings: menuSettings(boot) };
    case "clone":
    case "capture":
      return who && imaging(who, true);
    case "rescue":
      return who && imaging(who, false);
    case "install":
      return who && installation(boot, who);
    case "diskless":
      return { ...(boot.kernel ? kernel(boot.kernel) : { kind: "disk" }), volume: boot.volume.name, fresh: asks(boot) };
    case "winpe":
      return winpeJob(boot, blobPath(boot.image.wimboot), who?.near ?? false);
    case "chain":
      return { kind: "chain", url: boot.url };
    case "kernel":
      return kernel(boot);
  }
}

const kernel = (boot: KernelBoot): KernelJob => ({ kind: "kernel", kernel: blobPath(boot.image.kernel), initrds: boot.image.initrds.map(blobPath), cmdline: cmdlineOf(boot) });

/** What a machine is called that has no name: its card, as iPXE fills it in. */
const BY_MAC = "${netX/mac:hexhyp}";

const imaging = ({ machine, master }: Booting, ordered: boolean): Job => ({
  ...started(machine ?? BY_MAC, master, ordered ? "netboot.order=${netboot-order}" : "netboot.rescue=1"), ...(ordered && { order: machine === undefined ? {} : { machine } }),
});

/** The imaging system, for a machine that nobody knows: it is called what its card is. */
export const registering = (master: Pick<MasterRef, "http" | "imaging">): Job => started(BY_MAC, master, "netboot.register=1");

/**
 * The imaging system, and what it is told: who the machine is, where its master is, and what to do. iPXE takes an initial RAM disk of any length for whole that came with
 * status 200: a kernel that finds none in it restarts (kernel-parameters.txt, panic=), so that the machine asks again.
 */
function started(machine: string, { http, imaging }: Pick<MasterRef, "http" | "imaging">, what: string): KernelJob {
  const { id, cmdline } = imaging!;
  const own = ["panic=30", `netboot.master=${http}`, `netboot.machine=${machine}`, "netboot.mac=${netX/mac}", what].join(" ");
  return { kind: "kernel", kernel: `/imaging/${id}/vmlinuz`, initrds: [`/imaging/${id}/initrd`], cmdline, own };
}

/** The token is the last thing that is taken: what cannot be fetched uses none up. */
function installation(boot: InstallBoot, { machine, master, installer = "" }: Booting): Job {
  const own = [`netboot.master=${master.http}`, `netboot.machine=${machine}`, "netboot.order=${netboot-order}"].join(" ");
  const onto = ontoVolume(boot.disk);
  return { ...(onto && { volume: onto.volume.name }), kind: "kernel", kernel: boot.installer.kernel, initrds: boot.installer.initrds, cmdline: installer, own, order: { machine }, begin: { tokens: tokens(boot), spent: `/orders/${machine}/spent/${boot.generation}` } };
}

/** A MAC address as iPXE writes it, and the server is asked by: what a machine without a name of its own is called. */
export const hexhyp = (mac: string) => mac.replace(/:/g, "-");

export interface Script {
  title: string;
  /** What comes before the job. */
  before?: string;
  boot: Boot;
  /** How this machine boots its own disk. */
  local: LocalBoot;
  retries: Retries;
  who?: Booting;
}

/** The iPXE script of one machine: its job, tried again as configured, and then, whatever went wrong, its own disk. */
export const script = ({ title, before = "", ...rest }: Script) => template("title.njk", { title }) + before + body(rest);

/** What is behind a password, called by the door (door.ipxe). */
export const behind = (title: string, job: Job, retries: Retries): string => tidy(template("behind.ipxe.njk", { title, job, leftovers: leftoversOf([job]), retries }));

/** Asks for passwords, for every script of the master that has something behind one. */
export const door = (retries: Retries): string => tidy(template("door.ipxe.njk", { retries }));

/** What iPXE starts with: the question to the server, asked at `http`; at the server that it came from itself, if that is empty. */
export const question = (http: string, { localBoot, retries }: Pick<MasterRef, "localBoot" | "retries">) =>
  tidy(template("boot.ipxe.njk", { http, local: { ...localBoot, volume: localBoot.volume ?? "" }, retries }));

/** A thousand machines share a handful of boots: each body is rendered once. */
const bodies = new Map<string, string>();

function body({ boot, local, retries, who }: Omit<Script, "title" | "before">): string {
  const job = jobOf(boot, who);
  const key = JSON.stringify([boot.kind === "local" ? boot : job, local, retries]);
  const known = bodies.get(key);
  if (known !== undefined) return known;
  const disk = boot.kind === "local" ? { ...local, ...boot } : local;
  // What is installed onto a disk of the master is booted from there when nothing is ordered.
  const rest: Job | undefined = job?.kind === "kernel" && job.begin && job.volume ? { kind: "disk", volume: job.volume, fresh: false } : undefined;
  const text = tidy(template("script.njk", { job: job ?? false, rest: rest ?? false, leftovers: job?.kind === "kernel" || job?.kind === "winpe" ? leftoversOf([job]) : false, local: { ...disk, volume: disk.volume ?? "" }, retries }));
  if (bodies.size > 1000) bodies.clear();
  bodies.set(key, text);
  return text;
}

/** Macros leave empty lines; a script without them is what a reviewer wants to read. */
export const tidy = (text: string) => text.replace(/[ \t]+$/gm, "").replace(/\n{2,}/g, "\n").replace(/^\n/, "").replace(/\n*$/, "\n");
