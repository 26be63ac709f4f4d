# Fresh disks (persist: "discard"): puts a copy of the golden disk in the place of what a machine has written, whenever the machine asks for that at its boot.
# systemd starts this as soon as one asks: a file in asked/, by the machine's address and the volume, in it the numbers of its requests. What was done for a request is
# done/ADDRESS-VOLUME/NUMBER, without which the machine is not told of its disk. RUN, DISKS, DRIVER, STORE, TARGETS, CONTROL and LOCK come from the unit.
set -u

tgt() { tgtadm -C "$CONTROL" --lld iscsi "$@"; }
generation_of() { sed -n 's/^generation //p' "$1/lineage" 2>/dev/null; }

# A commit and this take turns: neither sees the other's work half done.
main() {
  cd "$RUN" && [ -f "$LOCK" ] && exec 9<"$LOCK" && flock 9 && [ "$LOCK" -ef /proc/$$/fd/9 ] || exit 0
  printf 'fresh disks for machines that boot\n' >"$LOCK"
  mkdir -p taken && iscsi_live >live || exit 1
  for file in asked/*; do
    [ ! -f "$file" ] || take "${file#asked/}"
  done
}

# Moved first: what the machine asks from now on is another file. Its last request counts, as only that one is waited for.
take() { # name
  mv -f -- "asked/$1" taken/ || exit 1
  number=$(tail -n 1 "taken/$1")
  rm -f -- "taken/$1"
  case $number in "" | *[!0-9a-f]*) return ;; esac
  [ -f "$DISKS/$1" ] || return
  rm -rf -- "done/$1"
  if renew "$DISKS/$1"; then mkdir -- "done/$1" && : >"done/$1/$number" && echo "$1"; else echo "$1: no fresh disk"; fi
}

renew() { # file
  target=$(sed -n 's/^target //p' "$1")
  tid=$(awk -F'\t' -v iqn="$target" '$1 == iqn { print $2 }' live)
  [ -n "$tid" ] || { echo "$target is not offered"; return 1; }
  close "$tid"
  grep '^disk ' "$1" >disks
  while read -r _ disk generation from at; do
    disk=$STORE/$disk
    describe "$TARGETS/$target.conf" "$("$DRIVER"_store "$disk" "$generation")" && withdraw "$tid" || return 1
    # Whatever becomes of the copy: what lies there then is offered.
    copy "$disk" "$generation" "$STORE/$from" "$at"; made=$?
    offer "$tid" "$("$DRIVER"_store "$disk" "$generation")" && [ $made = 0 ] || return 1
  done <disks
}

# Ends the session that the machine's last boot has left: who asks anew has no use for it.
close() { # tid
  tgt --op show --mode conn --tid "$1" | awk '/^Session:/ { session = $2 } /Connection:/ { print session, $2 }' | while read -r session connection; do
    tgt --op delete --mode conn --tid "$1" --sid "$session" --cid "$connection"
  done
}

# How the target's file describes a disk of it: sets LUN and PARAMS.
describe() { # conf store
  described=$(awk -v store="$2" '
$1 == "<backing-store" { path = $0; sub(/^ *<backing-store /, "", path); sub(/>$/, "", path); here = path == store }
here && $1 == "lun" { lun = $2 }
here && ($1 == "scsi_id" || $1 == "scsi_sn" || $1 == "readonly") { params = params "," $1 "=" $2 }
END { print lun, substr(params, 2) }' "$1")
  LUN=${described%% *} PARAMS=${described#* }
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

copy() { # disk generation from at
  parent=${4:-$(generation_of "$3")}
  [ -n "$parent" ] || { echo "$3 is not there"; return 1; }
  [ "$(generation_of "$1")" = "$2" ] || { echo "$1 is not of generation $2"; return 1; }
  "$DRIVER"_renew "$1" "$2" "$3" "$parent" || { echo "$3 of generation $parent cannot be copied"; return 1; }
  { grep -v '^from ' "$1/lineage"; echo "from volume $3 $parent"; } >"$1/.lineage" && mv -f -- "$1/.lineage" "$1/lineage"
}
