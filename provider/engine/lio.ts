import { lines, sh, type Sh } from "./sh";

/** Where the kernel has its targets. */
const LIO = "/sys/kernel/config/target";
/** Disks of ours, beside those of others: devices, and files. */
const DEVICES = "iblock_3260";
const FILES = "fileio_3260";

/**
 * What the kernel has, in the form of `iscsi_live`: the name of the machine that is let in stands for its address, and with it what would let in another: a target that asks for
 * no name, for no secret, or for another one than is saved.
 */
export const lioLive: Sh = sh`
lio_live() {
  for t in ${LIO}/iscsi/iqn.*/tpgt_1; do
    [ -d "$t" ] || continue
    iqn=\${t%/tpgt_1}; iqn=\${iqn##*/} fixed=
    printf 'target\t%s\n' "$iqn"
    read -r on <"$t/enable"; [ "$on" = 1 ] || printf 'allowed\toff\n'
    read -r on <"$t/attrib/generate_node_acls"; [ "$on" = 0 ] || printf 'allowed\tany-name\n'
    read -r on <"$t/attrib/authentication"; [ "$on" = 1 ] || printf 'allowed\tno-secret\n'
    for acl in "$t"/acls/iqn.*; do
      [ -d "$acl" ] || continue
      user= password= saved=
      read -r user <"$acl/auth/userid"; read -r password <"$acl/auth/password"
      while read -r word _ secret; do [ "$word" != incominguser ] || saved=$secret; done 2>/dev/null <"/etc/netboot/iscsi/$iqn.conf"
      [ -z "$saved" ] || [ "$saved" = "$password" ] || printf 'allowed\tanother-secret\n'
      printf 'user\t%s\nallowed\t%s\n' "$user" "\${acl##*/}"
      session= address=
      while read -r word value _; do case $word in InitiatorName:) session=\${acl##*/} ;; Address) address=$value ;; esac; done <"$acl/info"
      [ -z "$session" ] || printf 'open\t%s\n' "\${address:-$session}"
      for lun in "$acl"/lun_*; do
        [ -d "$lun" ] || continue
        read -r on <"$lun/write_protect"; [ "$on" = 0 ] || fixed="$fixed \${lun##*_} "
      done
    done
    for link in "$t"/lun/lun_*/*; do
      [ -L "$link" ] || continue
      n=\${link%/*}; n=\${n##*_}
      read -r store <"$link/udev_path"
      case $fixed in *" $n "*) printf 'lun\t%s\t%s\tr\n' "$n" "$store" ;; *) printf 'lun\t%s\t%s\n' "$n" "$store" ;; esac
    done
  done 2>/dev/null | awk -F'\t' '
function add(list, item) { return list (list == "" ? "" : ",") item }
function out(  i, j, t, luns) {
  if (iqn == "") return
  for (i = 2; i <= n; i++) for (j = i; j > 1 && number[j] < number[j - 1]; j--) { t = number[j]; number[j] = number[j - 1]; number[j - 1] = t; t = disk[j]; disk[j] = disk[j - 1]; disk[j - 1] = t }
  for (i = 1; i <= n; i++) luns = add(luns, disk[i])
  printf "%s\tlio\t%s\t%s\t%s\t%s\n", iqn, luns, users, allowed, open
}
$1 == "target" { out(); iqn = $2; users = allowed = open = ""; n = 0 }
$1 == "user" { users = add(users, $2) }
$1 == "allowed" { allowed = add(allowed, $2) }
$1 == "open" { open = add(open, $2) }
$1 == "lun" { number[++n] = $2 + 0; disk[n] = $2 $4 "=" $3 }
END { out() }'
}`;

/**
 * How the kernel is given a target that is saved, and loses it. A saved target is lines of `word value…`, in their order, as the kernel wants it. A secret goes from one file to
 * another by the shell alone: any user of the master can read a tool's arguments.
 */
export const lioLibrary: Sh = lines([
  sh`
lio_ready() {
  [ -d ${LIO}/iscsi ] && [ -d ${LIO}/core/${DEVICES} ] && [ -d ${LIO}/core/${FILES} ] && return
  modprobe -q -a configfs target_core_mod target_core_iblock target_core_file iscsi_target_mod
  [ -d ${LIO} ] || mount -t configfs configfs /sys/kernel/config
  mkdir -p ${LIO}/iscsi ${LIO}/core/${DEVICES} ${LIO}/core/${FILES}
}
lio_set() { printf %s "$2" >"$1"; } # attribute value
lio_drop() { # iqn
  t=${LIO}/iscsi/$1/tpgt_1 disks=
  [ -d "\${t%/*}" ] || return 0
  [ ! -d "$t" ] || lio_set "$t/enable" 0
  for at in "$t"/acls/*/lun_*/* "$t"/lun/lun_*/*; do
    [ -L "$at" ] || continue
    case $at in "$t"/lun/*) disks="$disks $(readlink -f -- "$at")" ;; esac
    rm -- "$at" || return 1
  done
  for at in "$t"/acls/*/lun_* "$t"/acls/* "$t"/lun/lun_* "$t"/np/* "$t" "\${t%/*}" $disks; do [ ! -d "$at" ] || rmdir -- "$at" || return 1; done
}
lio_disk() { # store serial; a link to a device, or a file; sets DISK
  for DISK in ${LIO}/core/${DEVICES}/netboot-$2 ${LIO}/core/${FILES}/netboot-$2; do [ ! -d "$DISK" ] || rmdir -- "$DISK" || return 1; done
  [ -e "$1" ] || { printf '%s is not there\n' "$1" >&2; return 1; }
  if [ -L "$1" ]; then DISK=${LIO}/core/${DEVICES}/netboot-$2 how=udev_path=$1; else how=fd_dev_name=$1,fd_dev_size=$(stat -c %s -- "$1"); fi
  mkdir -- "$DISK" && lio_set "$DISK/control" "$how" && lio_set "$DISK/udev_path" "$1" && lio_set "$DISK/enable" 1 && lio_set "$DISK/wwn/vpd_unit_serial" "$2"
}
lio_lun() { # target acl number serial read|write store
  lio_disk "$6" "$4" && mkdir -- "$1/lun/lun_$3" && ln -s -- "$DISK" "$1/lun/lun_$3/netboot" &&
    mkdir -- "$2/lun_$3" && ln -s -- "$1/lun/lun_$3" "$2/lun_$3/netboot" && { [ "$5" = write ] || lio_set "$2/lun_$3/write_protect" 1; }
}
# What reads nothing of it at that moment finds another one there at once; the rest of the target stays as it is.
lio_exchange() { # saved-file iqn number
  t=${LIO}/iscsi/$2/tpgt_1
  for acl in "$t"/acls/iqn.*; do
    for at in "$acl/lun_$3" "$t/lun/lun_$3"; do
      [ ! -L "$at/netboot" ] || rm -- "$at/netboot" || return 1
      [ ! -d "$at" ] || rmdir -- "$at" || return 1
    done
    while read -r word number serial access store; do
      [ "$word $number" != "lun $3" ] || lio_lun "$t" "$acl" "$number" "$serial" "$access" "$store" || return 1
    done <"$1"
  done
}
lio_offer() { # saved file; nothing is enabled that is not whole
  t= acl=
  while read -r word value more; do
    case $word in
      target)
        lio_drop "$value" && t=${LIO}/iscsi/$value/tpgt_1 && mkdir -- "\${t%/*}" "$t" && lio_set "$t/attrib/authentication" 1 && lio_set "$t/attrib/generate_node_acls" 0 &&
          lio_set "$t/attrib/demo_mode_discovery" 0 && lio_set "$t/attrib/demo_mode_write_protect" 1 ;;
      portal) mkdir -- "$t/np/$value" ;;
      initiator) acl=$t/acls/$value; mkdir -- "$acl" ;;
      incominguser) lio_set "$acl/auth/userid" "$value" && lio_set "$acl/auth/password" "$more" ;;
      lun)
        read -r serial access store <<END
$more
END
        lio_lun "$t" "$acl" "$value" "$serial" "$access" "$store" ;;
      *) : ;;
    esac || { printf '%s cannot be offered: %s %s\n' "$1" "$word" "$value" >&2; [ -z "$t" ] || { t=\${t%/*}; lio_drop "\${t##*/}"; }; return 1; }
  done <"$1"
  [ -n "$t" ] && lio_set "$t/enable" 1
}
lio_enabled() { on=; { read -r on <"${LIO}/iscsi/$1/tpgt_1/enable"; } 2>/dev/null; [ "$on" = 1 ]; } # iqn`,
]);
