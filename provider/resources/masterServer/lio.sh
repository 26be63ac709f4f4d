# Disks that the kernel offers (LIO). It forgets its targets when the machine is switched off: they come back from their files in TARGETS, each by itself.
set -u

# A disk that is not there keeps no other from being offered; it is waited for a little, as devices come when they are found.
lio_start() {
  lio_ready || exit 1
  for try in 1 2 3 4 5 6 7 8 9 10; do
    missing=$(sed -n 's/^lun [0-9]* [0-9a-f]* [a-z]* //p' "$TARGETS"/*.conf 2>/dev/null | while read -r disk; do [ -e "$disk" ] || echo "$disk"; done)
    [ -n "$missing" ] || break
    udevadm settle -t 5
    sleep 1
  done
  for file in "$TARGETS"/*.conf; do
    [ ! -f "$file" ] || lio_offer "$file" || echo "$file is left out, and the others are offered"
  done
  exit 0
}

lio_stop() {
  for file in "$TARGETS"/*.conf; do
    [ -f "$file" ] || continue
    file=${file##*/}
    lio_drop "${file%.conf}"
  done
  exit 0
}
