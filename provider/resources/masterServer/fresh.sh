# Fresh disks (persist: "discard"): puts a copy of the golden disk in the place of what a machine has written, whenever the machine asks for that at its boot.
# systemd starts this as soon as one asks: a file in asked/, by the machine's address and the volume, in it the numbers of its requests. What was done for a request is
# done/ADDRESS-VOLUME/NUMBER, without which the machine is not told of its disk. RUN, DISKS, DRIVER, STORE, TARGETS, CONTROL and LOCK come from the unit.
set -u

tgt() { tgtadm -C "$CONTROL" --lld iscsi "$@"; }
value() { sed -n "s/^$2 //p" "$1" 2>/dev/null; } # file key

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
  disk=$STORE/$(value "$1" disk) generation=$(value "$1" generation) from=$STORE/$(value "$1" from) target=$(value "$1" target)
  parent=$(value "$from/lineage" generation)
  [ -n "$parent" ] || { echo "$from is not there"; return 1; }
  [ "$(value "$disk/lineage" generation)" = "$generation" ] && [ -f "$TARGETS/$target.conf" ] || { echo "$disk is not of generation $generation, or not offered"; return 1; }
  "$DRIVER"_renew "$disk" "$generation" "$from" "$parent" || return 1
  { grep -v '^from ' "$disk/lineage"; echo "from volume $from $parent"; } >"$disk/.lineage" && mv -f -- "$disk/.lineage" "$disk/lineage" || return 1
  withdraw "$target" || return 1
  echo "include $TARGETS/$target.conf" >>offer
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
