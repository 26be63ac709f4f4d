# Fresh disks: puts a copy of the golden disk in the place of what a machine has written when the machine asks at its boot, each time (persist: "discard") or once for each
# generation (when: "nextBoot").
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

# What is to be done, as lines of the file: disks that are thrown away each time, and those that are not yet, or not wholly, of the generation that is declared. They are
# so from the moment at which they are offered, as that comes last.
due() { # file iqn
  while read -r how disk generation rest; do
    case $how in
      disk) ;;
      once) [ "$(generation_of "$STORE/$disk")" != "$generation" ] || ! awk -F'\t' -v iqn="$2" -v store="=$STORE/$disk/disk.$generation" '$1 == iqn { n = split($3, on, ","); for (i = 1; i <= n; i++) { sub(/^[0-9]+r?/, "", on[i]); if (on[i] == store) found = 1 } } END { exit !found }' live || continue ;;
      *) continue ;;
    esac
    echo "$how $disk $generation $rest"
  done <"$1"
}

copy() { # disk|once disk generation from at conf
  have=$(generation_of "$2") parent=${5:-$(generation_of "$4")}
  [ "$have" = "$3" ] || [ "$1" = once ] && [ "${have:-0}" -gt 0 ] && [ "$have" -le "$3" ] || { echo "$2 is not of generation $3"; return 1; }
  [ "$1" = disk ] || fence || return 1
  if [ "$1" = disk ] || [ "$have" != "$3" ]; then
    [ -n "$parent" ] || { echo "$4 is not there"; return 1; }
    "$DRIVER"_renew "$2" "$3" "$4/disk.$parent" || { echo "$4 of generation $parent cannot be copied"; return 1; }
    { sed -e "s/^generation .*/generation $3/" -e '/^from /d' "$2/lineage"; echo "from volume $4 $parent"; } >"$2/.lineage" && sync "$2/.lineage" && mv -f -- "$2/.lineage" "$2/lineage" || return 1
  fi
  [ "$1" = disk ] || settle "$2" "$3" "$6"
}

# Whoever has planned a commit meanwhile looks again.
fence() {
  serial=${LOCK%/*}/serial work=${LOCK%/*}/work now=0
  [ ! -f "$serial" ] || read -r now <"$serial"
  mkdir -p "$work" && echo $((now + 1)) >"$work/serial" && mv -f -- "$work/serial" "$serial"
}

# The disk of that generation is the one, from here on for good: it is saved as what is offered, and the others go.
settle() { # disk generation conf
  sync "$1" && ( umask 077; awk -v at="$1/disk." -v now="$2" 'i = index($0, at) { rest = substr($0, i + length(at)); sub(/^[0-9]+/, now, rest); $0 = substr($0, 1, i - 1) at rest } { print }' "$3" >"$3.new" ) &&
    mv -f -- "$3.new" "$3" && sync "$3" "${3%/*}" || return 1
  for old in "$1"/disk.*; do
    [ "$old" = "$1/disk.$2" ] || "$DRIVER"_delete "$1" "${old##*.}" || return 1
  done
}
