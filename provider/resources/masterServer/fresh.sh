# Fresh disks (persist: "discard"): puts a copy of the golden disk in the place of what a machine has written, whenever the machine asks for that at its boot.
# systemd starts this as soon as one asks: a file in asked/, by the machine's address and the volume, in it the numbers of its requests. What was done for a request is
# done/ADDRESS-VOLUME/NUMBER, without which the machine is not told of its disk. RUN, DISKS, DRIVER, STORE, TARGETS, CONTROL and LOCK come from the unit;
# `renew FILE`, which depends on who offers disks, is below.
set -u

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

copy() { # disk generation from at
  parent=${4:-$(generation_of "$3")}
  [ -n "$parent" ] || { echo "$3 is not there"; return 1; }
  [ "$(generation_of "$1")" = "$2" ] || { echo "$1 is not of generation $2"; return 1; }
  "$DRIVER"_renew "$1" "$2" "$3/disk.$parent" || { echo "$3 of generation $parent cannot be copied"; return 1; }
  { grep -v '^from ' "$1/lineage"; echo "from volume $3 $parent"; } >"$1/.lineage" && mv -f -- "$1/.lineage" "$1/lineage"
}
