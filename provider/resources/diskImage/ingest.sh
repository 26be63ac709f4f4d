# Takes a disk image in, as docs/cloning-protocol.md describes it. Before this stand NAME, SHA, HTTP, IN, and FROM: file, url, master or blocks, with WHERE; and EXPECTED, the disk's size, where the file or the program says it.
umask 022
CHUNKS=$HTTP/chunks WORK=$OUT/.work BLOCKS=$IN/$SHA.blocks SHELL=/bin/sh LC_ALL=C
export OUT CHUNKS WORK BLOCKS SHELL LC_ALL NAME
CPUS=$(nproc)
fail() { printf '%s\n' "$*" >&2; exit 1; }
tell() { printf 'image %s: %s\n' "$NAME" "$*" >&4; }
mib() { echo $(($1 / 1048576)); }
mkdir "$WORK" || exit 1
# Says that all is well, and goes when something is not: what would say that by being made could not be made on a full disk, and whoever waits for it would wait for ever.
: >"$WORK/well" || exit 1
printf '%s\n' "$PART_SH" >"$WORK/part.sh" && printf '%s\n' "$TABLE_AWK" >"$WORK/table.awk" || exit 1
[ "$(stat -c %d "$OUT")" = "$(stat -c %d "$CHUNKS")" ] || fail "$HTTP/images and $CHUNKS are on two file systems, and must be on one"

# 1. The source as one file, with the digest that it must have.
check() { # file
  tell 'checking its digest'
  sum=$(sha256sum <"$1") || fail "cannot read $1"
  [ "${sum%% *}" = "$SHA" ] || fail "$2 has the SHA-256 ${sum%% *} and not $SHA"
}
fetched() { # file bytes-before since
  now=$(stat -c %s "$1" 2>/dev/null || echo 0) took=$(($(date +%s) - $3))
  tell "fetched $(mib "$now") MiB, $(mib $(((now - $2) / (took > 0 ? took : 1)))) MiB/s"
}
fetch() { # url file
  tries=0
  while :; do
    had=$(stat -c %s "$2" 2>/dev/null || echo 0) began=$(date +%s)
    ( while sleep 1 4>&- && kill -0 $$; do fetched "$2" "$had" "$began"; done ) 2>/dev/null & beat=$!
    curl -fsSL --connect-timeout 20 --speed-limit 1 --speed-time 60 -C - -w '%{http_code}' -o "$2" -- "$1" >"$WORK/http" 4>&-
    code=$?
    kill $beat
    fetched "$2" "$had" "$began"
    case $code in
      0) return ;;
      33 | 36) rm -f -- "$2" ;; # a server that cannot go on from the middle
      22)
        [ "$had" -gt 0 ] && [ "$(sha256sum <"$2" | cut -c1-64)" = "$SHA" ] && return # nothing is missing: 416
        case $(cat "$WORK/http") in 416) rm -f -- "$2" ;; 4*) fail "cannot fetch $1: the server answers $(cat "$WORK/http")" ;; esac ;;
    esac
    # What came on does not count as a failure.
    [ "$(stat -c %s "$2" 2>/dev/null || echo 0)" -gt "$had" ] && tries=0
    tries=$((tries + 1))
    [ $tries -lt 5 ] || fail "cannot fetch $1 (curl ends with $code)"
    sleep $((tries * tries))
  done
}
case $FROM in
  file) SRC=$IN/$SHA ;; # sent and verified before
  url) SRC=$IN/$SHA.part; mkdir -p "$IN" && fetch "$WHERE" "$SRC" || exit 1; check "$SRC" "what $WHERE answers" ;;
  master) SRC=$WHERE; [ -f "$SRC" ] || fail "there is no file $SRC on the master"; check "$SRC" "$SRC" ;;
esac

# 2. What it is, told by its first bytes. Enough room, as far as one can know.
if [ $FROM = blocks ]; then
  SIZE=$(awk '{ sum += $2 } END { printf "%.0f", sum }' "$BLOCKS/list") format=raw
else
  SIZE=$(stat -L -c %s "$SRC")
  case $(head -c 8 "$SRC" | od -An -v -tx1 | tr -d ' \n') in
    1f8b*) format=gzip ;;
    28b52ffd*) format=zstd ;;
    fd377a585a00*) format=xz ;;
    425a68* | 504b0304* | 04224d18* | 377abcaf271c* | 4c5a4950*) fail "$SRC is packed in a way that is not known here: use gzip, zstd or xz" ;;
    514649fb* | 4b444d56* | 7668647866696c65 | 636f6e6563746978) fail "$SRC is the image of a virtual machine: make it raw with qemu-img convert -O raw" ;;
    *) format=raw ;;
  esac
  free=$(df -Pk -- "$CHUNKS" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
  [ $format = raw ] || [ "$free" -ge $((SIZE + SIZE / 10)) ] || fail "$CHUNKS needs about $(mib $((SIZE + SIZE / 10))) MiB and has $(mib "$free") free: No space left on device"
fi

# 3. Parts of 64 MiB, each a directory of raw chunks, worked on by as many processes as there are processors; whoever makes them waits for those.
cat >"$WORK/feed.sh" <<'END'
part=$1
while [ -e "$WORK/well" ] && [ "$(ls -d "$WORK"/p*.ready 2>/dev/null | wc -l)" -gt $((CPUS + 1)) ]; do sleep 0.05; done
[ -e "$WORK/well" ] || exit 1
came=$(((1${part##*/p} - 1000000) * 64 + $(ls "$part" | grep -c '^c\.') * 2)) took=$(($(date +%s) - BEGAN))
mv -- "$part" "$part.ready" && printf '%s\n' "$part.ready" || exit 1
[ "$FROM" = blocks ] && pos=$((came * 1048576)) || read -r _ pos </proc/self/fdinfo/5
percent=$((pos * 100 / (SIZE > 0 ? SIZE : 1)))
printf 'image %s: %s %%, %s MiB, %s MiB/s\n' "$NAME" $((percent < 100 ? percent : 100)) $came $((came / (took > 0 ? took : 1))) >&4
exit 0
END
BEGAN=$(date +%s); export BEGAN SIZE FROM CPUS
unpack() { case $format in raw) cat ;; *) $format -dc ;; esac; }
parts() { split -b 67108864 -d -a 6 --filter='mkdir "$FILE" && split -b 2097152 -d -a 2 - "$FILE/c." && sh "$WORK/feed.sh" "$FILE"' - "$WORK/p"; }
blocks() {
  split -l 32 -d -a 6 -- "$BLOCKS/list" "$WORK/l" || return 1
  for list in "$WORK"/l*; do
    part=$WORK/p${list##*/l} i=100
    mkdir "$part" && cut -c1-64 "$list" >"$part/expect" || return 1
    while read -r sum length zero; do
      file=$part/c.${i#1} at=$CHUNKS/${sum%"${sum#??}"}/$sum.zst i=$((i + 1))
      if [ -n "$zero" ]; then truncate -s "$length" "$file"
      elif [ -f "$BLOCKS/$sum" ]; then cp --reflink=auto -- "$BLOCKS/$sum" "$file"
      elif [ -f "$at" ]; then zstd -dqc -- "$at" >"$file" 2>/dev/null || : # another digest tells
      else printf 'the block %s is gone\n' "$sum" >&2; touch "$WORK/again"; return 1; fi || return 1
    done <"$list"
    sh "$WORK/feed.sh" "$part" || return 1
  done
}
# One that was killed says nothing, and whoever feeds it would wait for ever.
work() { xargs -n 1 -P "$CPUS" sh "$WORK/part.sh" || rm -f "$WORK/well"; }
if [ $FROM = blocks ]; then
  { blocks; echo $? >"$WORK/fed"; } | work
else
  exec 5<"$SRC"
  { unpack <&5; echo $? >"$WORK/unpacked"; } | { parts; echo $? >"$WORK/fed"; } | work
fi
[ ! -e "$WORK/again" ] || exit 75
[ -e "$WORK/well" ] || exit 1
[ "$(cat "$WORK/unpacked" 2>/dev/null || echo 0)" = 0 ] || fail "$SRC cannot be unpacked: it is damaged, or cut short"
[ "$(cat "$WORK/fed")" = 0 ] || fail 'the image could not be divided'

# 4. The index, once all parts are there.
total=$(cat "$WORK"/line.* | awk '{ sum += $4 } END { printf "%.0f", sum }') count=$(ls "$WORK"/line.* | wc -l)
[ "$count" -gt 0 ] && [ "$count" = $(((total + 67108863) / 67108864)) ] || fail 'a part is missing'
[ "$total" -ge 4194304 ] || fail 'the image is refused: it is smaller than 4 MiB'
[ $((total % 512)) = 0 ] || fail "the image is refused: its size of $total bytes is no multiple of 512: it was cut short, or is no disk's"
[ "$total" = "${EXPECTED:-$total}" ] || fail "the image is of a disk of $total bytes, and not of $EXPECTED as the file or the program says: say size: $total, or take another file"
end=$(sed -n 's/^end //p' "$WORK/table")
[ "$end" -le "$total" ] || fail "the image is refused: a partition ends at byte $end, behind its end at $total: it was cut short"
{ printf 'netboot-image 1\nsha256 %s\nsize %s\nchunk 2097152\n' "$SHA" "$total"; cat "$WORK"/line.* | sort -k2,2n; echo 'end end'; } >"$OUT/index" || exit 1
rm -rf -- "$WORK"
sync -f "$CHUNKS" || exit 1
tell "$(mib "$total") MiB taken in, in $(($(date +%s) - BEGAN)) s"
