import { lines, sh } from "../sh";
import type { Check } from "../state";
import { filling, limits } from "./filling";
import type { Question } from "./index";

type Pool = Extract<Check, { check: "pool" }>;

/** Is there what disks are to be kept in, and how much more do they promise than it holds? Of a promise LVM tells for all of a pool, ZFS for all of a data set. */
export const pool: Question<Pool> = {
  ask: ({ driver, pool }) => lines([
    driver === "zfs"
      ? sh`command -v zfs >/dev/null || { echo tools; exit; }
[ "$(zfs get -H -o value type ${pool} 2>/dev/null)" = filesystem ] || { echo none; exit; }
zpool list -H -o capacity ${pool.split("/")[0]!}
zfs get -Hp -o value used,available ${pool} | awk '{ sum += $1 } END { print sum }'
zfs list -Hp -t volume -r -o volsize ${pool} | awk '{ sum += $1 } END { printf "%.0f\n", sum }'`
      : sh`command -v lvs >/dev/null || { echo tools; exit; }
LVM_SUPPRESS_FD_WARNINGS=1; export LVM_SUPPRESS_FD_WARNINGS
case $(lvs --noheadings -o lv_attr ${pool} 2>/dev/null | tr -d ' ') in t*) ;; '') echo none; exit ;; *) echo other; exit ;; esac
lvs --noheadings -o data_percent,metadata_percent ${pool} | awk '{ print ($1 + 0 > $2 + 0 ? $1 : $2) }'
lvs --noheadings --units b --nosuffix -o lv_size ${pool} | tr -d ' '
lvs --noheadings --units b --nosuffix -o lv_size -S pool_lv=${pool.slice(pool.indexOf("/") + 1)} ${pool.split("/")[0]!} | awk '{ sum += $1 } END { printf "%.0f\n", sum }'`,
    limits,
  ]),
  judge({ driver, pool }, answer) {
    const [full = "", room, promised] = answer.trim().split("\n");
    const [group, name] = pool.split("/");
    const make = driver === "zfs" ? `zfs create -o mountpoint=none ${pool}` : `lvcreate --type thin-pool -l 90%FREE -n ${name} ${group}`;
    const tools = driver === "zfs" ? "zfsutils-linux and zfs-dkms, of Debian's contrib," : "lvm2 and thin-provisioning-tools";
    if (full === "tools") return { ok: false, what: `the tools of ${driver} are missing`, mend: `Install ${tools} and make what disks are to be kept in: ${make}` };
    if (full === "none") return { ok: false, what: `there is no ${driver === "zfs" ? "data set" : "thin pool"} ${pool}`, mend: `Make it: ${make}; or give storage.pool the one that is there.` };
    if (full === "other") return { ok: false, what: `${pool} is a logical volume, and no thin pool`, mend: `Make one: ${make}; or give storage.pool one that is there.` };
    const percent = Math.ceil(parseFloat(full)), times = Number(promised) / Number(room);
    const { so, ...rest } = filling(percent, answer);
    return { ok: true, ...rest, what: `${pool} is ${percent} % full${so}; its disks promise ${times.toFixed(1)} times what it holds` };
  },
};
