# Fresh disks (persist: "discard"): puts a copy of the golden disk in the place of what a machine has written, whenever the machine asks for that at its boot.
# systemd starts this as soon as one asks: a file in asked/, by the machine's address and the volume, in it the numbers of its requests. What was done for a request is
# done/ADDRESS-VOLUME/NUMBER, without which the machine is not told of its disk. RUN, DISKS, DRIVER, STORE, TARGETS, CONTROL and LOCK come from the unit.
set -u

tgt() { tgtadm -C "$CONTROL" --lld iscsi "$@"; }
generation_of() { sed -n 's/^generation //p' "$1/lineage" 2>/dev/null; }

# A commit and this take turns: neither sees the other's work half done.
main() {
  cd "$RUN" && [ -f "$LOCK" ] && exec 9<"$LOCK" && flock 9 || exit 0
  printf 'fresh disks for machines that boot\n' >"$LOCK"
  mkdir -p taken && : >ready && : >offer || exit 1
  for file in asked/*; do
    [ ! -f "$file" ] || take "${file#asked/}"
  done
  offer
  while read -r name number; do
    rm -rf -- "done/$name" && mkdir -- "done/$name" && : >"done/$name/$number" && echo "$name"
  done <ready
}

# Moved first: what the machine asks from now on is another file. Its last request counts, as only that one is waited for.
take() { # name
  mv -f -- "asked/$1" taken/ || exit 1
  number=$(tail -n 1 "taken/$1")
  rm -f -- "taken/$1"
  case $number in "" | *[!0-9a-f]*) return ;; esac
  [ -f "$DISKS/$1" ] || return
  if renew "$DISKS/$1"; then printf '%s %s\n' "$1" "$number" >>ready; else echo "$1: no fresh disk"; fi
}

renew() { # file
  target=$(sed -n 's/^target //p' "$1")
  [ -f "$TARGETS/$target.conf" ] || { echo "$target is not offered"; return 1; }
  grep '^disk ' "$1" | while read -r _ disk generation from at; do copy "$STORE/$disk" "$generation" "$STORE/$from" "$at" || exit 1; done || return 1
  withdraw "$target" || return 1
  echo "include $TARGETS/$target.conf" >>offer
}

copy() { # disk generation from at
  parent=${4:-$(generation_of "$3")}
  [ -n "$parent" ] || { echo "$3 is not there"; return 1; }
  [ "$(generation_of "$1")" = "$2" ] || { echo "$1 is not of generation $2"; return 1; }
  "$DRIVER"_renew "$1" "$2" "$3" "$parent" || { echo "$3 of generation $parent cannot be copied"; return 1; }
  { grep -v '^from ' "$1/lineage"; echo "from volume $3 $parent"; } >"$1/.lineage" && mv -f -- "$1/.lineage" "$1/lineage"
}

# Ends the session that the machine's last boot has left: who asks anew has no use for it.
withdraw() { # target
  tid=$(iscsi_live | awk -F'\t' -v iqn="$1" '$1 == iqn { print $2 }')
  [ -n "$tid" ] || return 0
  tgt --op show --mode conn --tid "$tid" | awk '/^Session:/ { session = $2 } /Connection:/ { print session, $2 }' | while read -r session connection; do
    tgt --op delete --mode conn --tid "$tid" --sid "$session" --cid "$connection"
  done
  tgt --op delete --mode target --tid "$tid" --force || return 1
  user=$(sed -n 's/^ *incominguser \([^ ]*\) .*/\1/p' "$TARGETS/$1.conf")
  tgt --op delete --mode account --user "$user" 2>/dev/null || :
}

# All at once; from the files with which the daemon would start. Where that fails, tgt-admin quotes the command, secret and all.
offer() {
  [ -s offer ] || return 0
  said=$(tgt-admin -C "$CONTROL" -e -c "$RUN/offer" 2>&1) || { printf '%s\n' "$said" | sed 's/password=[^ ]*/password=[secret]/'; exit 1; }
}
