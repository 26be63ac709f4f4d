import { lines, sh, type Sh } from "./sh";

/** Where the kernel has its targets. */
const LIO = "/sys/kernel/config/target";
/** Disks of ours, beside those of others. */
const OWN = "iblock_3260";

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
  [ -d ${LIO}/iscsi ] && [ -d ${LIO}/core/${OWN} ] && return
  modprobe -q -a configfs target_core_mod target_core_iblock iscsi_target_mod
  [ -d ${LIO} ] || mount -t configfs configfs /sys/kernel/config
  mkdir -p ${LIO}/iscsi ${LIO}/core/${OWN}
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
lio_disk() { # name store serial; a file or a device, whatever links lead there
  at=${LIO}/core/${OWN}/$1
  [ ! -d "$at" ] || rmdir -- "$at" || return 1
  [ -e "$2" ] || { printf '%s is not there\n' "$2" >&2; return 1; }
  mkdir -- "$at" && lio_set "$at/control" "udev_path=$2" && lio_set "$at/udev_path" "$2" && lio_set "$at/enable" 1 && lio_set "$at/wwn/vpd_unit_serial" "$3"
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
        lio_disk "netboot-$serial" "$store" "$serial" && mkdir -- "$t/lun/lun_$value" && ln -s -- "${LIO}/core/${OWN}/netboot-$serial" "$t/lun/lun_$value/netboot" &&
          mkdir -- "$acl/lun_$value" && ln -s -- "$t/lun/lun_$value" "$acl/lun_$value/netboot" && { [ "$access" = write ] || lio_set "$acl/lun_$value/write_protect" 1; } ;;
      *) : ;;
    esac || { printf '%s cannot be offered: %s %s\n' "$1" "$word" "$value" >&2; [ -z "$t" ] || { t=\${t%/*}; lio_drop "\${t##*/}"; }; return 1; }
  done <"$1"
  [ -n "$t" ] && lio_set "$t/enable" 1
}
lio_enabled() { on=; { read -r on <"${LIO}/iscsi/$1/tpgt_1/enable"; } 2>/dev/null; [ "$on" = 1 ]; } # iqn`,
]);
