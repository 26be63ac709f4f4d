import { lioLive } from "./lio";
import { lines, sh, type Sh } from "./sh";

/** The control port of the tgtd that is ours: another than the distribution's, which is left alone. */
export const CONTROL = 3261;

/** What offers our targets: without it no machine has its disks. */
export const ISCSI_UNIT = "netboot-iscsi.service";

/** What is offered: `IQN TAB tid ("lio" of the kernel's) TAB lun=store,… (lunr=store where nothing can be written) TAB user,… TAB allowed address,… TAB address with a session,…` for each target. */
export const iscsiLive: Sh = lines([lioLive, sh`
iscsi_live() {
  [ ! -d /sys/kernel/config/target/iscsi ] || lio_live
  tgtadm -C ${CONTROL} --lld iscsi --op show --mode target 2>/dev/null | awk '
function add(list, item) { return list (list == "" ? "" : ",") item }
function out() { if (iqn != "") printf "%s\t%s\t%s\t%s\t%s\t%s\n", iqn, tid, luns, users, allowed, open }
/^Target / { out(); tid = $2 + 0; iqn = $3; luns = users = allowed = open = part = ""; next }
/^    [A-Z].* information:$/ { part = $1; next }
part == "LUN" && $1 == "LUN:" { lun = $2 }
part == "LUN" && $1 == "Readonly:" && $2 == "Yes" { lun = lun "r" }
part == "LUN" && $1 == "Backing" && $3 == "path:" && $4 != "None" { luns = add(luns, lun "=" $4) }
part == "I_T" && $1 == "IP" { open = add(open, $3) }
part == "Account" { users = add(users, $1) }
part == "ACL" { allowed = add(allowed, $1) }
END { out() }'
}`]);

/** Says of a target who has a session on it, and how that ends where its machine has left it behind: tgt holds one for as long as TCP does, an hour or more. */
export const sessionWords: Sh = sh`
session_words() { # what address,… tid iqn
  end=
  case $3 in
    lio) end="echo 0 >/sys/kernel/config/target/iscsi/$4/tpgt_1/enable" ;;
    *) for sid in $(tgtadm -C ${CONTROL} --lld iscsi --op show --mode conn --tid "$3" 2>/dev/null | sed -n 's/^Session: *//p'); do
      end="\${end:+$end && }tgtadm -C ${CONTROL} --lld iscsi --op delete --mode conn --tid $3 --sid $sid --cid 0"
    done ;;
  esac
  printf '%s has a session on %s. Shut that machine down first; if it is off already, say on the master: %s\n' "$2" "$1" "$end"
}`;
