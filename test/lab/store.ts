// A file system that shares blocks between copies, in a file of the master's: what a site mounts there is a disk.
import type { Master } from "./master.ts";

const nodes = Array.from({ length: 32 }, (_, n) => n).join(" ");

/**
 * Mounts an empty XFS at that directory. A container's end does not take the mount away: `unmount` has to be called before it.
 * Brings perl and liblzma5 up to date, which the packages of a master that keeps volumes would do: a snapshot is to show what an `up` leaves.
 */
export async function mountStore(master: Master, path: string, size = "2G"): Promise<{ unmount(): Promise<void> }> {
    await master.exec(`apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends xfsprogs perl liblzma5 >/dev/null
        [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237; for n in ${nodes}; do [ -e /dev/loop$n ] || mknod /dev/loop$n b 7 $n; done
        mkdir -p ${path} && truncate -s ${size} /var/tmp/store.img && mkfs.xfs -q -m reflink=1 /var/tmp/store.img && mount -o loop /var/tmp/store.img ${path}`);
    return { unmount: async () => void (await master.tryExec(`systemctl stop netboot-iscsi; umount ${path}; rm /var/tmp/store.img`)) };
}
