import { LIVE } from "../engine/state";
import { templates } from "../render";
import type { Problem } from "../resource";
import { ontoVolume } from "./disks";
import { type Booting, jobOf, TFTP, tidy } from "./script";
import type { Boot, Firmware, LocalBoot, MasterRef } from "./types";

const template = templates(__dirname);

/** Where firmware that insists on signatures finds shim, and shim GRUB: at the root of TFTP, as shim drops folders of a name that comes as option 67, and under the name that is compiled into it. */
export const SHIM = "shimx64.efi";
export const GRUB = "grubx64.efi";

/** A machine whose firmware starts nothing that is not signed. */
interface Secured {
  name: string;
  master: MasterRef;
  mac?: string;
  firmware?: Firmware;
  secureBoot?: boolean;
  boot: Boot;
  localBoot: LocalBoot;
}

/** By the address of the card, of Ethernet (01): the name that GRUB's own search has for it (grub-core/net/net.c). */
const configOf = (mac: string) => `grub/grub.cfg-01-${mac.replaceAll(":", "-")}`;

/** Debian's signed GRUB does not search: it reads the one file that is compiled into it, which leads to the machine's own. */
export const LEAD: Record<string, string> = {
  [`${TFTP}/grub/grub.cfg`]: `# A machine with Secure Boot: what it does is in a file of its own.
regexp --set=1:a --set=2:b --set=3:c --set=4:d --set=5:e --set=6:f '^(..):(..):(..):(..):(..):(..)$' "$net_default_mac"
source "$prefix/grub.cfg-01-$a-$b-$c-$d-$e-$f"
echo 'netboot: the master knows nothing of this machine; booting the local disk'
exit
`,
};

/** What iPXE alone can do, and why. */
const WHY: Partial<Record<Boot["kind"], string>> = {
  menu: "a menu is drawn by iPXE", shell: "the shell is iPXE's", chain: "what another server gives is started by iPXE", diskless: "the disk of a master is attached by iPXE",
  winpe: "wimboot is started by iPXE", memtest: "Memtest86+ is not signed, and started by iPXE", hardware: "the page is iPXE's",
} satisfies Record<Exclude<Boot["kind"], "kernel" | "install" | "clone" | "capture" | "rescue" | "local" | "reboot" | "poweroff">, string>;

/** What a kernel is started for, in words, and what is known of that kernel. */
const kernelOf = (boot: Boot) => (boot.kind === "kernel" ? { what: `kernel image ${boot.image.name}`, ...boot.image } : boot.kind === "install" ? { what: `installer ${boot.installer.name}`, ...boot.installer } : undefined);

export function secureProblems({ name, master, mac, firmware, secureBoot, boot }: Secured): Problem[] {
  if (!secureBoot) return [];
  const say = (property: string, reason: string): Problem => ({ property, reason });
  const insists = `and secureBoot says that its firmware starts only what is signed`;
  const kernel = kernelOf(boot);
  return [
    ...(mac ? [] : [say("mac", `mac is missing, and secureBoot is true: DHCP tells machine "${name}" what to load by nothing else; give the MAC address of the card that it boots from.`)]),
    ...(firmware && firmware !== "uefi" ? [say("firmware", `firmware is "${firmware}", and secureBoot is true: the signed loaders are for "uefi"; leave one of them out.`)] : []),
    ...(master.secureBoot ? [] : [say("secureBoot", `secureBoot is true, and master "${master.name}" has no signed loaders: give the MasterServer secureBoot: { shim, grub }.`)]),
    ...(/:[0-9]+$/.test(master.http.replace("http://", "")) ? [say("secureBoot", `secureBoot is true, and master "${master.name}" serves ${master.http}: GRUB fetches from port 80 alone; let HTTP have that port.`)] : []),
    ...(WHY[boot.kind] ? [say("boot", `boot is ${boot.kind}, ${insists}: ${WHY[boot.kind]}, and Debian's iPXE is not signed; boot a signed kernel or the local disk, or switch Secure Boot off on the machine and here.`)] : []),
    ...(boot.kind === "install" && ontoVolume(boot.disk) ? [say("boot.disk", `boot.disk is a disk of the master, ${insists}: ${WHY.diskless}, and Debian's iPXE is not signed; install onto a disk of the machine, or switch Secure Boot off on the machine and here.`)] : []),
    ...(kernel && !kernel.signed ? [say("boot", `boot is ${kernel.what}, whose kernel has no signature, ${insists}: take the kernel of a distribution, as Debian's linux-image-amd64, or one that was signed with sbsign.`)] : []),
    ...(kernel?.machine && kernel.machine !== "x86_64" ? [say("boot", `boot is ${kernel.what}, which is for ${kernel.machine}, and the signed loaders are for x86_64: give the machine another kernel.`)] : []),
  ];
}

/** A line for DHCP, by which the machine is told from others, and what GRUB then does. */
export function secureFiles({ name, master, mac, secureBoot, boot, localBoot }: Secured, who: Booting): Record<string, string> {
  if (!secureBoot || !mac) return {};
  const local = boot.kind === "local" ? { ...localBoot, ...boot } : localBoot;
  return {
    // No pool can have this name: they begin with a letter or a digit. Not in dhcp-hosts, where a line that sets a tag is the end of dnsmasq 2.90.
    [`${LIVE}/dnsmasq.d/_secure-${name}.conf`]: template("secure.conf.njk", { name, mac }),
    [`${TFTP}/${configOf(mac)}`]: tidy(template("grub.cfg.njk", { title: `machine ${name}`, job: grubJob(boot, who, mac), loaders: loadersOf(local), server: master.http.replace("http://", "") })),
  };
}

/** What iPXE would do, with words one by one, as GRUB quotes, and with the order where GRUB keeps it. The imaging system's kernel is the distribution's, and signed by it. */
function grubJob(boot: Boot, who: Booting, mac: string) {
  const job = jobOf(boot, who);
  if (job?.kind !== "kernel") return false;
  const words = (text: string) => text.split(" ").filter(Boolean);
  return { ...job, name: kernelOf(boot)?.what ?? "imaging system", arguments: words(job.cmdline), own: words((job.own ?? "").replace("${netboot-order}", "$netboot_order").replace("${netX/mac}", mac)) };
}

/** Where signed loaders are on a disk: those of systems first, as the one of UEFI's convention (UEFI 2.10, 3.5.1.1) may be shim's, which writes boot options. */
const LOADERS = [
  ...["debian", "ubuntu", "fedora", "redhat", "centos", "rocky", "almalinux"].map((system) => `/EFI/${system}/shimx64.efi`),
  "/EFI/opensuse/shim.efi", "/EFI/sles/shim.efi", "/EFI/Microsoft/Boot/bootmgfw.efi", "/EFI/BOOT/BOOTX64.EFI",
];

/** What GRUB looks for on the disks, the first that is there; nothing where the firmware is to go on by itself, which after GRUB may mean its menu: GRUB can end only well. */
const loadersOf = ({ method, loader }: LocalBoot): string[] => (method === "exit" ? [] : method === "chain" ? [loader] : LOADERS);

/** For a reviewer, in place of iPXE's first file and script. */
export const secureFirst = (mac: string | undefined) => `${SHIM} → ${mac ? configOf(mac) : ""}`;
