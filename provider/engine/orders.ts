import { lines, sh, type Sh } from "./sh";
import { LEDGER, SITE } from "./state";

const CAPTURES = `${SITE}/captures`;

/** The file that an order reads a disk into; nothing where it is no capture. */
export function capturedTo(job: string): { name: string; path: string } | undefined {
  const [, name] = /^do capture\nname (\S+)$/m.exec(job) ?? [];
  const [, generation] = /^generation (\d+)$/m.exec(job) ?? [];
  return name && generation ? { name, path: `${CAPTURES}/${name}/${generation}.zst` } : undefined;
}

/**
 * How orders come and go on the host. An order is built beside its place; then the ledger says that it was given; then one rename offers it. A crash before the
 * ledger's line leaves nothing that counts, one after it leaves a folder whose nonce the ledger knows, which the next commit offers.
 */
export const orderLibrary: Sh = lines([
  sh`
O=${SITE}/http/orders C=${SITE}/claims B=${LEDGER}
random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
own_file() { [ -f "$1" ] && [ ! -L "$1" ]; }
nonce_of() { sed -n 's/^nonce //p' "$1/job" 2>/dev/null; } # folder of an order
captured() { printf '%s/%s/%s.zst' ${CAPTURES} "$(sed -n 's/^name //p' "$1")" "$(sed -n 's/^generation //p' "$1")"; } # job
entered() { # machine words...
  m=$1; shift
  printf '%s %s\n' "$*" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >>"$B/$m" && sync "$B/$m" "$B" || fail
}
# Takes the token away, so that no machine can claim it any more; fails if one has.
unclaimed() { mv -f -- "$C/$1/open" "$C/$1/closed" 2>/dev/null || [ -f "$C/$1/closed" ]; }
# An order that is gone from its place goes from the ledger only if no machine can have begun with it.
close_order() { # machine
  nonce=$(nonce_of "$O/$1")
  if [ -n "$nonce" ]; then
    generation=$(sed -n 's/^generation //p' "$O/$1/job")
    # A captured image is whole if it is there at all, and stays, with its machine's word. The folder is the web server's: a link in it may lead anywhere.
    if own_file "$C/$nonce/image.zst" && own_file "$C/$nonce/done"; then
      image=$(captured "$O/$1/job")
      cp --remove-destination -- "$C/$nonce/done" "$image.done" && chown 0:0 "$C/$nonce/image.zst" "$image.done" && mv -f -- "$C/$nonce/image.zst" "$image" || fail
    fi
    if [ -f "$C/$nonce/done" ]; then entered "$1" 'done' "$generation" "$nonce"
    elif unclaimed "$nonce"; then entered "$1" withdrawn "$generation" "$nonce"
    else entered "$1" left "$generation" "$nonce"; fi
  fi
  image=$(captured "$O/$1/job")
  if [ -L "$image" ]; then rm -f -- "$image" "$image.done"; rmdir -- "\${image%/*}" 2>/dev/null; fi
  # The order last: it holds the nonce by which a crash in between is mended.
  { [ -z "$nonce" ] || rm -rf -- "$C/$nonce"; } && rm -rf -- "$O/$1" || fail
}
# A captured image is never written over. What is not whole yet is a link to nothing.
not_captured() { # machine path
  [ ! -e "$2" ] || { printf '%s is to be read into %s, which is there already: say a higher generation, or another name\n' "$1" "$2" >&2; fail; }
}
# An installer has no shell of ours around it: each time that it may begin is a token more, and its stamps are made here.
tokens_and_stamps() { # machine generation
  i=0 image=$(sed -n 's/^image //p' "$O/.new.$1/job") retries=$(sed -n 's/^retries //p' "$O/.new.$1/job")
  while [ "$i" -lt "\${retries:-0}" ]; do i=$((i + 1)); : >"$C/$nonce/again-$i" && chown 33:33 "$C/$nonce/again-$i" || return; done
  for state in writing 'done'; do
    s=$O/.new.$1/stamp.$state
    printf '%s\n' "netboot-stamp 1" "site $site" "machine $1" "generation $2" "nonce $nonce" "image $image" "state $state" >"$s" || return
    crc=$(cksum <"$s") && printf 'sum %s\n' "\${crc%% *}" >>"$s" && truncate -s 4096 "$s" && sync "$s" || return
  done
}
order_for_grub() { # machine
  nonce=$(nonce_of "$O/$1")
  printf 'set netboot_order=%s\n' "$nonce" >"$O/$1/.grub" && sync "$O/$1/.grub" && mv -f -- "$O/$1/.grub" "$O/$1/order.grub" || fail
}
settle_order() { progress "generation done by $1"; close_order "$1"; }
take_back_order() { close_order "$1"; }
give_order() { # machine generation job
  progress "order for $1, generation $2"
  mkdir -p "$B" && chmod 700 "$B" || fail
  [ -s "$B/.site" ] || { random >"$B/.site.new" && mv -f "$B/.site.new" "$B/.site" && sync "$B/.site"; } || fail
  # One generation, one order: a machine that has claimed it meanwhile goes on with what it has.
  if [ "$(sed -n 's/^generation //p' "$O/$1/job" 2>/dev/null)" = "$2" ]; then unclaimed "$(nonce_of "$O/$1")" || return 0; fi
  [ ! -d "$O/$1" ] || close_order "$1"
  nonce=$(random); read -r site <"$B/.site" || [ -n "$site" ] || fail
  rm -rf -- "$O/.new.$1"
  mkdir -p "$O/.new.$1" && chmod 755 "$O/.new.$1" &&
    { printf '%s' "$3" | sed '1q'; printf 'nonce %s\nsite %s\n' "$nonce" "$site"; printf '%s' "$3" | sed '1d'; } >"$O/.new.$1/job" &&
    printf '#!ipxe\nset netboot-order %s\n' "$nonce" >"$O/.new.$1/order.ipxe" && printf 'set netboot_order=%s\n' "$nonce" >"$O/.new.$1/order.grub" && ln -s "$C/$nonce/done" "$O/.new.$1/done" &&
    mkdir -p "$C/$nonce" && chmod 755 "$C/$nonce" && : >"$C/$nonce/open" && chown 33:33 "$C/$nonce" "$C/$nonce/open" || fail
  if grep -q '^do capture$' "$O/.new.$1/job"; then
    image=$(captured "$O/.new.$1/job")
    not_captured "$1" "$image"
    ensure_dir "\${image%/*}" && chmod 700 ${CAPTURES} && ln -sfn "$C/$nonce/image.zst" "$image" && ln -sfn "$C/$nonce/done" "$image.done" || fail
    # What a master that went down had of others.
    find "$C/.incoming" -type f -mmin +60 -delete 2>/dev/null
  fi
  if grep -q '^do install$' "$O/.new.$1/job"; then tokens_and_stamps "$1" "$2" || fail; fi
  sync "$O/.new.$1/order.ipxe" "$O/.new.$1/order.grub" "$O/.new.$1/job" "$O/.new.$1" "$C/$nonce/open" "$C/$nonce" || fail
  entered "$1" ordered "$2" "$nonce"
  mv -T -- "$O/.new.$1" "$O/$1" && sync "$O" || fail
}
# What a crash left between the ledger and the rename.
pending_orders() {
  for new in "$O"/.new.*; do
    [ -d "$new" ] || continue
    m=\${new##*/.new.}; nonce=$(nonce_of "$new")
    if [ -n "$nonce" ] && [ ! -d "$O/$m" ] && grep -qs "^ordered [0-9]* $nonce " "$B/$m"; then mv -T -- "$new" "$O/$m"
    else { [ -z "$nonce" ] || rm -rf -- "$C/$nonce"; } && rm -rf -- "$new"; fi || fail
  done
}`,
]);
