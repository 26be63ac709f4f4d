# By tgt: one disk after the other changes its content under its number.
tgt() { tgtadm -C "$CONTROL" --lld iscsi "$@"; }

renew() { # file
  target=$(sed -n 's/^target //p' "$1")
  tid=$(awk -F'\t' -v iqn="$target" '$1 == iqn { print $2 }' live)
  [ -n "$tid" ] || { echo "$target is not offered"; return 1; }
  due "$1" "$target" >disks
  [ -s disks ] || return 0
  close "$tid"
  while read -r how disk generation from at; do
    disk=$STORE/$disk
    describe "$TARGETS/$target.conf" "$disk" && withdraw "$tid" || return 1
    # Whatever becomes of the copy: what is saved by then is offered.
    copy "$how" "$disk" "$generation" "$STORE/$from" "$at" "$TARGETS/$target.conf"; made=$?
    describe "$TARGETS/$target.conf" "$disk" && offer "$tid" "$SAVED" && [ $made = 0 ] || return 1
  done <disks
}

# Ends the session that the machine's last boot has left: who asks anew has no use for it.
close() { # tid
  tgt --op show --mode conn --tid "$1" | awk '/^Session:/ { session = $2 } /Connection:/ { print session, $2 }' | while read -r session connection; do
    tgt --op delete --mode conn --tid "$1" --sid "$session" --cid "$connection"
  done
}

# How the target's file describes a disk of it: sets LUN, PARAMS and SAVED, where it is.
describe() { # conf disk
  described=$(awk -v disk="$2/disk." '
$1 == "<backing-store" { path = $0; sub(/^ *<backing-store /, "", path); sub(/>$/, "", path); if (here = index(path, disk) == 1) store = path }
here && $1 == "lun" { lun = $2 }
here && ($1 == "scsi_id" || $1 == "scsi_sn" || $1 == "readonly") { params = params "," $1 "=" $2 }
END { print lun, substr(params, 2), store }' "$1")
  LUN=${described%% *} PARAMS=${described#* }; SAVED=${PARAMS#* } PARAMS=${PARAMS%% *}
  [ -n "$LUN" ] || { echo "$1 does not offer $2"; return 1; }
}

# The daemon has the disk open, and keeps what it has: the number goes and comes again, and no other target is touched. One that a kill has left without it is as good.
withdraw() { # tid
  for try in 1 2 3 4 5 6 7 8; do
    # What the session had begun may take a moment to end.
    said=$(tgt --op delete --mode logicalunit --tid "$1" --lun "$LUN" 2>&1)
    case $said in *active*) sleep 0.25 ;; *) return 0 ;; esac
  done
  echo "$said"
  return 1
}
offer() { # tid store
  tgt --op new --mode logicalunit --tid "$1" --lun "$LUN" --backing-store "$2" && tgt --op update --mode logicalunit --tid "$1" --lun "$LUN" --params "$PARAMS"
}
