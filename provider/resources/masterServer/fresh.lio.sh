# By the kernel: the target goes with the session that the machine's last boot has left, and comes again with what lies there then, whatever became of the copies.
renew() { # file
  target=$(sed -n 's/^target //p' "$1") made=0
  awk -F'\t' -v iqn="$target" '$1 == iqn { found = 1 } END { exit !found }' live || { echo "$target is not offered"; return 1; }
  due "$1" "$target" >disks
  [ -s disks ] || return 0
  lio_drop "$target" || return 1
  while read -r how disk generation from at; do
    copy "$how" "$STORE/$disk" "$generation" "$STORE/$from" "$at" "$TARGETS/$target.conf" || { made=1; break; }
  done <disks
  lio_offer "$TARGETS/$target.conf" && return $made
}
