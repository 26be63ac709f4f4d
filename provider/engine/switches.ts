import { lines, sh, type Sh } from "./sh";

/**
 * A magic packet to the machines of each network that the master is on: without a device the kernel would send a broadcast by one route alone. By perl, because perl-base is
 * essential in Debian.
 */
export const WAKE = `
use strict; use Socket;
my ($mac, $to, $port, $only) = @ARGV;
my $is = sub { open(my $f, "<", "/sys/class/net/$_[0]/operstate") or return ""; my $state = <$f>; $state =~ /^(up|unknown)/ };
my @devices = $only ne "" ? ($only) : $to ne "255.255.255.255" ? ("") : grep { $_ ne "lo" && $is->($_) } map { s|.*/||r } glob("/sys/class/net/*");
my $packet = ("\\xff" x 6) . (pack("H12", $mac =~ s/://gr) x 16);
my ($sent, $fault) = (0, "no interface is up");
for my $device (@devices) {
  socket(my $s, PF_INET, SOCK_DGRAM, 17) or die "socket: $!\\n";
  setsockopt($s, SOL_SOCKET, SO_BROADCAST, 1);
  unless ($device eq "" or setsockopt($s, SOL_SOCKET, 25, "$device\\0")) { $fault = "$device: $!"; next }
  for (1 .. 3) {
    if (defined send($s, $packet, 0, sockaddr_in($port, inet_aton($to)))) { $sent = 1 } else { $fault = "$device: $!" }
    select(undef, undef, undef, 0.1);
  }
}
die "$fault\\n" unless $sent;
`;

/** The drivers: each a function of one word, on, off, cycle or state; to state it says on, off or nothing. Words of what went wrong go to stderr. */
export const drivers: Sh = lines([
  sh`
wol_power() {
  [ "$1" = on ] || { echo 'Wake-on-LAN can only switch on' >&2; return 1; }
  timeout -k 2 "$limit" perl -e "$WAKE" "$card" "$to" "$port" "$interface" </dev/null
}`,
  // The password by a file that only root can read: arguments are everybody's to read. OPERATOR, because an administrator may have that too, and an operator no more.
  // It talks of what does not matter, and says the same of a silent BMC and of a wrong password.
  sh`
ipmi_power() {
  [ "$1" != state ] || set -- status
  printf '%s\n' "$secret" >"$R/$i.secret" || return
  told=$(timeout -k 2 "$limit" ipmitool -I lanplus -N 2 -R 2 -L OPERATOR -H "$host" -p "$port" -U "$user" -f "$R/$i.secret" \${cipher:+-C "$cipher"} chassis power "$1" </dev/null 2>"$R/$i.said")
  code=$?
  [ $code = 0 ] || { sed '/^IANA PEN registry/d; /^Unable to Get Channel Cipher/d; /^Get HPM.x/d; s/^Error: Unable to establish.*/&: it is silent, or user or password is wrong/' "$R/$i.said" >&2; return $code; }
  case $1,$told in status,*'is on'*) echo on ;; status,*'is off'*) echo off ;; esac
}`,
  // What the BMC names is where the password goes next, so it may be nothing but a path.
  sh`
redfish() { # path [body]; its answer in $R/$i.json
  case $1 in /[!/]*) ;; *) printf 'it names %s, which is no path\n' "$1" >&2; return 1 ;; esac
  case $1 in *[!A-Za-z0-9._~/%:@=-]*) printf 'it names %s, which is no path\n' "$1" >&2; return 1 ;; esac
  where=$url$1
  if [ $# = 2 ]; then set -- --header 'Content-Type: application/json' --data "$2"; else set --; fi
  [ -z "$insecure$pin" ] || set -- "$@" --insecure
  [ -z "$pin" ] || set -- "$@" --pinnedpubkey "$pin"
  status=$(printf 'user = "%s"\n' "$secret" | curl --disable --config - --silent --show-error --globoff --proto =http,https --noproxy '*' --max-time "$limit" --max-filesize 1048576 \
    --header 'Accept: application/json' "$@" --output "$R/$i.json" --write-out '%{http_code}' --url "$where" 2>"$R/$i.said")
  code=$?
  case $code in
    0) ;;
    60) echo 'its certificate is signed by nobody whom the master trusts: give power.publicKey' >&2; return 60 ;;
    90) echo 'its key is not power.publicKey: nothing was told to it' >&2; return 90 ;;
    *) head -n 1 "$R/$i.said" >&2; return $code ;;
  esac
  case $status in
    2??) return 0 ;;
    401 | 403) echo "user or password is refused (HTTP $status)" >&2 ;;
    *) printf 'HTTP %s %s\n' "$status" "$(jq -r '.error.message? // empty' "$R/$i.json" 2>/dev/null)" >&2 ;;
  esac
  return 1
}
redfish_power() {
  if [ -z "$system" ]; then
    redfish /redfish/v1/Systems || return
    list=$(jq -r '.Members[]?."@odata.id"' "$R/$i.json") || return
    case $list in
      '') echo 'it has no system' >&2; return 1 ;;
      *'
'*) printf 'it has several systems, of which power.system is to name one: %s\n' "$list" >&2; return 1 ;;
    esac
    system=$list
  fi
  redfish "$system" || return
  case $1 in
    state) jq -r '.PowerState // "" | if startswith("On") or . == "PoweringOn" then "on" elif startswith("Off") or . == "PoweringOff" then "off" else "" end' "$R/$i.json"; return ;;
    on) types='On ForceOn' ;;
    off) types='ForceOff' ;;
    cycle) types='PowerCycle ForceRestart' ;;
  esac
  type=$(jq -r --arg types "$types" '($types | split(" ")) as $t | (.Actions["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"] // $t) as $can | [$t[] | select(. as $one | $can | index($one))][0] // ""' "$R/$i.json") || return
  [ -n "$type" ] || { echo "it knows no reset of type $types" >&2; return 1; }
  target=$(jq -r '.Actions["#ComputerSystem.Reset"].target // ""' "$R/$i.json") || return
  redfish "$target" "{\"ResetType\":\"$type\"}"
}`,
  // Its answer by a file: the end of a pipe comes when all that the program left running has ended.
  sh`
command_power() {
  asked=$1
  [ "$asked" != state ] || asked=status
  id -u "$user" >/dev/null || return
  (
    cd / && HOME=$(getent passwd "$user" | cut -d: -f6) NETBOOT_MACHINE=$machine NETBOOT_MAC=$mac NETBOOT_ADDRESS=$address || exit
    export HOME NETBOOT_MACHINE NETBOOT_MAC NETBOOT_ADDRESS
    set -- timeout -k 2 "$limit"
    [ "$user" = root ] || set -- "$@" setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups
    "run_$i" "$@" </dev/null >"$R/$i.told"
  ) || return
  told=$(head -c 100 "$R/$i.told")
  case $asked,$told in status,[Oo][Nn]*) echo on ;; status,[Oo][Ff][Ff]*) echo off ;; esac
}`,
]);
