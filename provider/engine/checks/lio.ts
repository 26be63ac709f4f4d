import { sh } from "../sh";
import type { Question } from "./index";

/** Has the kernel an iSCSI target of its own? */
export const lio: Question = {
  ask: () => sh`if [ -d /sys/kernel/config/target/iscsi ] || modprobe -q -n -a target_core_iblock iscsi_target_mod; then echo lio; fi; uname -r`,
  judge(_check, answer) {
    const [has, release = has] = answer.trim().split("\n");
    if (has === "lio") return { ok: true, what: `the kernel (${release}) offers disks by iSCSI` };
    return { ok: false, what: `the kernel (${release}) has no iSCSI target (LIO)`, mend: 'Use Debian\'s own kernel (linux-image-amd64 or linux-image-cloud-amd64) on a machine of its own, physical or virtual; in a container use storage: { driver: "reflink" }.' };
  },
};
