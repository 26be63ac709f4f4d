// A file system that shares blocks between copies, in a file of the master's: what a site mounts there is a disk.
import type { Master } from "./master.ts";

const nodes = Array.from({ length: 32 }, (_, n) => n).join(" ");
const image = "/var/tmp/store.img";

export interface Store {
    unmount(): Promise<void>;
    /** What the store was not told to flush is lost, as when the power fails, and nobody hears of it: to be followed by `powerOff` at once. */
    lose(): Promise<void>;
}

/**
 * Mounts an empty XFS at that directory, now and at each start. A container's end does not take the mount away: `unmount` has to be called before it.
 * Brings perl and liblzma5 up to date, which the packages of a master that keeps volumes would do: a snapshot is to show what an `up` leaves.
 */
export async function mountStore(master: Master, path: string, size = "2G"): Promise<Store> {
    // A container's start makes /dev anew, without these.
    const devices = `{ echo 'c /dev/loop-control 0660 root disk - 10:237'; for n in ${nodes}; do echo "b /dev/loop$n 0660 root disk - 7:$n"; done; } >/etc/tmpfiles.d/loop.conf && systemd-tmpfiles --create loop.conf`;
    await master.exec(`apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends xfsprogs perl liblzma5 >/dev/null
        ${devices} && mkdir -p ${path} && truncate -s ${size} ${image} && mkfs.xfs -q -m reflink=1 ${image} && echo '${image} ${path} xfs loop 0 0' >>/etc/fstab && mount ${path}`);
    return {
        unmount: async () => void (await master.tryExec(`systemctl stop netboot-iscsi; umount ${path}; rm ${image} /etc/tmpfiles.d/loop.conf; sed -i '\\|^${image} |d' /etc/fstab`)),
        lose: async () => void (await master.exec(`systemctl kill --signal=STOP netboot-iscsi && xfs_io -x -c shutdown ${path}`)),
    };
}
