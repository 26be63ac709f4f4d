# One part of an image: a directory `pNNNNNN.ready` of its raw chunks, in order, becomes files in the store, a list and a line of the index.
trap 'rm -f "$WORK/well"' EXIT
fail() { printf '%s\n' "$*" >&2; exit 1; }
d=$1 n=${1##*/p}; n=${n%.ready}; n=$((1$n - 1000000))
cd "$d" || exit 1
length=$(stat -c %s c.* | awk '{ sum += $1 } END { printf "%.0f", sum }')
hash=$(cat c.* | xxhsum -H2) || fail "cannot hash part $n"
hash=${hash%% *}

# Less than an image must have is judged by whoever knows whether it was unpacked whole.
if [ $n = 0 ] && [ "$length" -ge 4194304 ]; then
  cat c.* | head -c 65536 | od -An -v -tu1 -w16 | awk -f "$WORK/table.awk" >"$WORK/table"
  ! grep -q '^fault ' "$WORK/table" || fail "the image is refused: $(sed 's/^fault //' "$WORK/table")"
  tail -c +1040385 c.00 | head -c 8192 | cmp -s -n 8192 - /dev/zero ||
    fail 'the image is refused: bytes 1040384 to 1048575 (the last 8 KiB of the first MiB) are not empty, and cloning needs them for its own use'
fi

# Packs those of the chunks that the store has not. A chunk is in the store whole or not at all: it is renamed into it.
store() { # all|new
  set -- "$1"
  while read -r sum file; do
    at=$CHUNKS/${sum%"${sum#??}"}
    [ "$1" = new ] && [ -f "$at/$sum.zst" ] && { reused=1; continue; }
    [ -d "$at" ] || mkdir -p "$at"
    set -- "$@" "$file"
  done <sums
  what=$1; shift
  [ $# -gt 0 ] || return 0
  zstd -q -f -3 --check -- "$@" || fail "cannot pack part $n"
  while read -r sum file; do [ ! -f "$file.zst" ] || mv -f -- "$file.zst" "$CHUNKS/${sum%"${sum#??}"}/$sum.zst" || exit 1; done <sums
}

if cat c.* | cmp -s -n "$length" - /dev/zero; then
  rm -f "$OUT/part.$n"
  line="zero $hash 0"
else
  sha256sum -- c.* >sums || exit 1
  reused=
  # Blocks that were sent, or taken from the store, must be what the list says; one that is not goes, and is sent anew.
  if [ -f expect ] && ! cut -c1-64 sums | cmp -s - expect; then
    cut -c1-64 sums | paste -d' ' - expect | while read -r is wanted; do
      [ "$is" = "$wanted" ] || rm -f -- "$CHUNKS/${wanted%"${wanted#??}"}/$wanted.zst" "$BLOCKS/$wanted"
    done
    touch "$WORK/again"
    fail "blocks of part $n are not what they were"
  fi
  store new
  files() { while read -r sum _; do printf '%s\0' "$CHUNKS/${sum%"${sum#??}"}/$sum.zst"; done <sums; }
  # A chunk of another image may have gone bad on the disk since.
  if [ -n "$reused" ] && [ "$(files | xargs -0 zstd -dqc -- 2>/dev/null | xxhsum -H2 | cut -c1-32)" != "$hash" ]; then store all; fi
  # A packed chunk has the mode of the raw one, and blocks are received for root alone.
  files | xargs -0 chmod 644 -- || exit 1
  cut -c1-64 sums >"$OUT/part.$n" || exit 1
  whole=$(files | xargs -0 cat -- | sha256sum) || exit 1
  line="${whole%% *} $hash $(files | xargs -0 stat -c %s -- | awk '{ sum += $1 } END { printf "%.0f", sum }')"
fi
printf 'part %s %s %s %s\n' $n "$((n * 67108864))" "$length" "$line" >"$WORK/line.$n" || exit 1
rm -rf -- "$d"
trap - EXIT
