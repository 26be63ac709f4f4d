import { CONTROL, sessionWords } from "./iscsi";
import { lioLibrary } from "./lio";
import { lines, sh, type Sh } from "./sh";

/** Where the daemon finds its targets when it starts; a file for each. */
export const TARGETS = "/etc/netboot/iscsi";
export const TARGETS_CONF = "/etc/netboot/iscsi.conf";
/** What stands for the secret in everything that is not on the master. */
export const SECRET = "@SECRET@";

/**
 * How targets come and go. A target's file is what the daemon has after a reboot; what it has now is made from the same file. The secret (RFC 7143 wants 96 bits, Windows takes
 * 16 characters) is drawn here when there is none yet, and leaves the master in the boot script that only its machine's address may fetch, and in nothing else.
 */
export const targetLibrary: Sh = lines([lioLibrary, sessionWords, sh`
NL='
'
tgt() { tgtadm -C ${CONTROL} --lld iscsi "$@"; }
target_live() { iscsi_live | awk -F'\t' -v iqn="$1" -v column="$2" '$1 == iqn { print $column }'; } # iqn column
target_idle() { # iqn
  open=$(target_live "$1" 6)
  [ -z "$open" ] || { session_words it "$open" "$(target_live "$1" 2)" "$1" >&2; finish target "$1"; }
}
secret_of() { secret=; while read -r word _ value; do [ "$word" != incominguser ] || secret=$value; done 2>/dev/null <${TARGETS}/"$1".conf; } # iqn; sets secret
# Sixteen characters of twelve bytes each, many at a time.
secret_draw() { # sets secret
  [ -n "\${drawn-}" ] || drawn=$(head -c 1200 /dev/urandom | base64 -w 16 | tr '+/' '._')
  secret=\${drawn%%"$NL"*}
  case $drawn in *"$NL"*) drawn=\${drawn#*"$NL"} ;; *) drawn= ;; esac
}
# By the shell alone: any user of the master can read a tool's arguments.
told() { printf '%s%s%s' "\${1%%@SECRET@*}" "$2" "\${1#*@SECRET@}"; } # text secret
# A volume that waits for its machine's boot is offered as it is until then; one that this commit makes, as it will be.
generation_now() { # path generation; sets NOW
  at=$1/.netboot-stage/lineage NOW=$2
  [ -f "$at/lineage" ] || at=$1
  while read -r word value; do case $word in generation) [ "$value" -ge "$2" ] || NOW=$value ;; esac; done 2>/dev/null <"$at/lineage"
}
target_write() { # iqn conf script-path script [volume generation]...
  iqn=$1 conf=$2 path=$3 script=$4; shift 4
  while [ $# != 0 ]; do
    generation_now "$1" "$2"
    conf=\${conf%%"$1/disk.$2"*}$1/disk.$NOW\${conf#*"$1/disk.$2"}; shift 2
  done
  secret_of "$iqn"
  case $secret in ????????????????) ;; *) secret_draw ;; esac
  [ "\${#secret}" = 16 ] || fail
  umask 077
  stage ${TARGETS} targets
  told "$conf" "$secret" >"$S/$iqn.conf" || torn "$iqn"
  stage "\${path%/*}" targets
  [ -g "$S" ] || { chgrp 33 "$S" && chmod g+s "$S"; } || fail # what is written here is the web server's group's
  umask 027
  told "$script" "$secret" >"$S/\${path##*/}" || torn "$path"
  umask 022
}
# An account outlives its target, and with it an old secret.
account_drop() { # user...
  accounts=$NL$(tgt --op show --mode account 2>/dev/null)$NL
  for user; do case $accounts in *"$NL    $user$NL"*) tgt --op delete --mode account --user "$user" >/dev/null 2>&1 ;; esac; done
}
target_drop() { # iqn user...
  tid=$(target_live "$1" 2)
  case $tid in "") ;; lio) lio_drop "$1" || fail ;; *) tgt --op delete --mode target --tid "$tid" >&2 || fail ;; esac
  shift
  account_drop "$@"
}
# The number stays: one that goes is refused while anything of it is under way, and comes back to its machine as another disk.
target_exchange() { # iqn lun store
  tid=$(target_live "$1" 2)
  if [ "$tid" = lio ]; then lio_exchange ${TARGETS}/"$1".conf "$1" "$2" || fail; return; fi
  for change in online=0 path="$3" online=1; do tgt --op update --mode logicalunit --tid "$tid" --lun "$2" --params "$change" >&2 || fail; done
}
# What is saved and not offered is offered; what is offered and not saved goes. Where that fails, tgt-admin quotes the command, secret and all.
targets_offer() { said=$(tgt-admin -C ${CONTROL} -e -c ${TARGETS_CONF} 2>&1) || { printf '%s\n' "$said" | sed 's/password=[^ ]*/password=[secret]/' >&2; fail; }; }
lio_targets_offer() { # iqn...
  lio_ready || fail
  for target; do lio_enabled "$target" || lio_offer ${TARGETS}/"$target".conf || fail; done
}
# What is told at an address may be another machine's by now.
script_drop() { # iqn script-path
  case $(sed -n 's/^set netboot-disk iscsi:[^:]*:::[0-9]*://p' "$2" 2>/dev/null) in "" | "$1") rm -f -- "$2" || fail ;; esac
}
target_withdraw() { # iqn user script-path
  progress "withdrawing $1"
  target_drop "$1" "$2"
  [ -z "$3" ] || script_drop "$1" "$3"
  rm -f -- ${TARGETS}/"$1".conf || fail
}`]);
