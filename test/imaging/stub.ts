// A client for tests of the imaging system: says what it finds, in place of erasing a disk.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of all files below a folder, by their names. */
export const DIGEST = "find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-64";

const run = `#!/bin/dash
fact() { printf 'FACT %s\\n' "$*"; }
fact address "$(ip -4 -o addr show scope global | awk '{ print $4 }')"
fact hostkey "$(cat /run/netboot/hostkey)"
for link in /dev/disk/by-id/*; do fact disk "\${link##*/}" "$(readlink -f "$link")"; done
fact dd "$(dd --version | head -n 1)"
fact modprobe "$(readlink -f "$(command -v modprobe)")"
fact efi "$(ls /sys/firmware/efi/efivars 2> /dev/null | wc -l)"
fact modules "$(lsmod | wc -l)"
fact memory "$(free -m | awk 'NR == 2 { print $2 - $7 " of " $2 }')" MiB
fact master "$(curl -s -o /dev/null -w '%{http_code}' "$(sed -n 's/.*netboot.master=\\([^ ]*\\).*/\\1/p' /proc/cmdline)/imaging/vmlinuz")"
for file in ext4 xfs btrfs vfat; do modprobe "$file" && fact filesystem "$file"; done
fact firmware "$(cd /lib/firmware && ${DIGEST})"
fact end
exit 3
`;

/** A folder as provider/imaging/client is one; `tools` is its list of tools. */
export function stubClient({ tools = ["curl", "dd", "sha256sum", "zstd"], files = {} as Record<string, string> } = {}) {
    const folder = mkdtempSync(join(tmpdir(), "netboot-client-"));
    for (const [name, text] of Object.entries({ run, tools: `${tools.join("\n")}\n`, ...files })) writeFileSync(join(folder, name), text);
    return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
