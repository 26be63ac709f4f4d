// Kernel and initial RAM disk out of an installed Debian (test/images/debianDisk), without mounting it.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where disk.sh puts the root file system, in bytes. */
const ROOT = 18 << 20;

/** What the disk's boot loader would start, as the files `vmlinuz` and `initrd.img` in that folder; and the arguments. */
export function bootFiles(disk: Buffer, folder: string): string {
    const file = join(folder, "disk.img"), root = `${file}?offset=${ROOT}`;
    const debugfs = (command: string) => execFileSync("/sbin/debugfs", ["-R", command, root], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    writeFileSync(file, disk);
    const [, kernel, cmdline, initrd] = /^ *linux (\S+) (.*)\n *initrd (\S+)/m.exec(debugfs("cat /boot/grub/grub.cfg"))!;
    debugfs(`dump ${kernel} ${folder}/vmlinuz`);
    debugfs(`dump ${initrd} ${folder}/initrd.img`);
    rmSync(file);
    return cmdline!;
}
