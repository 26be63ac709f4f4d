import { sh } from "./sh";

/** Packages: what becomes new is written down before it is installed; daemons of the distribution are not started by it. */
export const apt = sh`
apt() { DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none apt-get -y -q -o DPkg::Lock::Timeout=120 \
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o APT::Keep-Downloaded-Packages=false --no-install-recommends "$@" </dev/null; }
policy=/usr/sbin/policy-rc.d
policy_on() { [ -e $policy ] || { printf '#!/bin/sh\n# pulumi-netboot, while it installs packages\nexit 101\n' >$policy && chmod 755 $policy; }; }
policy_off() { [ ! -e $policy ] || ! grep -q pulumi-netboot $policy || rm -f $policy; }
apt_update() { progress 'updating package lists'; apt update >>"$V/words" 2>&1; }
install_packages() {
  progress "installing $*"
  policy_on || fail
  [ -z "$(dpkg --audit 2>/dev/null)" ] || DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a </dev/null >>"$V/words" 2>&1
  [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mmin -1440 2>/dev/null | head -n 1)" ] || apt_update
  apt -s install "$@" >"$W/plan" 2>>"$V/words" || { apt_update; : >"$V/words"; apt -s install "$@" >"$W/plan" 2>>"$V/words"; } || finish packages "$*"
  # "Inst name (new" is new, "Inst name [old] (new" is an upgrade.
  awk '$1 == "Inst" && $3 ~ /^\(/ { print $2 }' "$W/plan" >"$W/fresh"
  { [ ! -f "$M/installed" ] || cat "$M/installed"; cat "$W/fresh"; } | sort -u >"$W/installed" && mv -f "$W/installed" "$M/installed" || fail
  [ ! -f "$W/quiet" ] || awk -F'\t' 'FILENAME == ARGV[1] { fresh[$1]; next } $1 in fresh { print $2 }' "$W/fresh" "$W/quiet" >>"$M/quiet"
  [ ! -f "$W/leaves" ] || awk -F'\t' 'FILENAME == ARGV[1] { fresh[$1]; next } $1 in fresh { print $2 }' "$W/fresh" "$W/leaves" |
    while IFS= read -r path; do [ -e "$path" ] || printf '%s\n' "$path" >>"$M/leaves"; done
  [ -f "$M/accounts.before" ] || accounts >"$M/accounts.before"
  sync -f "$M" || fail
  : >"$V/words"
  apt install "$@" >>"$V/words" 2>&1 || { apt_update; apt install "$@" >"$V/words" 2>&1; } || finish packages "$*"
  policy_off
  aftermath
}
accounts() { cut -d: -f1 /etc/passwd | sort; }
# After an installation, or at the next commit if that one was cut short: daemons that nobody asked for are off, accounts that packages made are known.
aftermath() {
  if [ -f "$M/quiet" ]; then
    while IFS= read -r unit; do systemctl disable --now -- "$unit" </dev/null >&2; systemctl reset-failed -- "$unit" 2>/dev/null; done <"$M/quiet"
    cat "$M/quiet" >>"$M/quieted"
    rm -f "$M/quiet"
  fi
  if [ -f "$M/accounts.before" ]; then
    accounts | comm -13 "$M/accounts.before" - >>"$M/accounts"
    rm -f "$M/accounts.before"
  fi
}
# What purging leaves of packages that are there because of us.
clear_leavings() {
  [ ! -f "$M/accounts" ] || sort -u "$M/accounts" | while IFS= read -r name; do userdel -- "$name" </dev/null >>"$V/words" 2>&1 || say "note\${T}account $name stays: $(tail -n 1 "$V/words")"; done
  [ ! -f "$M/leaves" ] || while IFS= read -r path; do
    if [ -d "$path" ] && [ ! -L "$path" ]; then rmdir -- "$path" 2>/dev/null || say "note\${T}$path stays: there are files of others in it"; else rm -f -- "$path"; fi
  done <"$M/leaves"
  rm -f "$M/accounts" "$M/leaves"
}
purge_packages() {
  [ -s "$M/installed" ] || return 0
  list=$(tr '\n' '\0' <"$M/installed" | xargs -0 dpkg-query -W -f '\${Package}\t\${db:Status-Status}\n' 2>/dev/null | awk -F'\t' '$2 != "not-installed" { print $1 }')
  used=$([ ! -f "$M/quieted" ] || while IFS= read -r unit; do { systemctl is-active -- "$unit" || systemctl is-enabled -- "$unit"; } >/dev/null 2>&1 && echo "$unit"; done <"$M/quieted" | sort -u)
  if [ -n "$used" ]; then say "note$T$(echo packages stay: $list: $used is in use by now)"; rm -f "$M/installed"; return 0; fi
  if [ -n "$list" ]; then
    progress 'removing packages'
    apt -s purge $list >"$W/plan" 2>>"$V/words" || finish packages "$list"
    others=$(awk 'FILENAME == ARGV[1] { ours[$1]; next } ($1 == "Remv" || $1 == "Purg") && !($2 in ours) { print $2 }' "$M/installed" "$W/plan" | sort -u)
    if [ -n "$others" ]; then say "note$T$(echo packages stay: $list: needed by $others)"; rm -f "$M/installed"; return 0; fi
    apt purge $list >>"$V/words" 2>&1 || finish packages "$list"
    clear_leavings
  fi
  rm -f "$M/installed"
}`;
