import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type NoOtherDhcp = Extract<Check, { check: "no-other-dhcp" }>;

/**
 * Asks the network itself: a DHCPDISCOVER from the interface that holds the subnet, as raw Ethernet frames, and four seconds of listening.
 * By perl, because perl-base is essential in Debian and nothing need be installed for a question; as frames, because a packet socket needs no port, disturbs no
 * DHCP client of the host, sees the answer whether it is broadcast or not, and sees the MAC address it came from. Our own daemon does not hear it:
 * what a host sends on a packet socket does not come back up its own IP stack.
 */
const EXCHANGE = `
use strict; use Socket;
my ($if, $seconds) = @ARGV;
open(my $f, "<", "/sys/class/net/$if/address") or die "no interface $if\\n"; chomp(my $text = <$f>);
my $mac = pack("H12", $text =~ s/://gr);
socket(my $s, 17, SOCK_RAW, unpack("S", pack("n", 0x0800))) or die "packet socket: $!\\n";
open($f, "<", "/sys/class/net/$if/ifindex") or die; chomp(my $index = <$f>);
bind($s, pack("S n i S C C a8", 17, 0x0800, $index, 0, 0, 0, "")) or die "bind: $!\\n";
my $xid = pack("N", ($$ << 16) ^ time);
my $bootp = pack("C4 a4 n2 a4 a4 a4 a4 a16 a64 a128 N", 1, 1, 6, 0, $xid, 0, 0x8000, ("\\0" x 4) x 4, $mac, "", "", 0x63825363)
  . pack("C3 C2 a4 C", 53, 1, 1, 55, 4, pack("C4", 1, 3, 54, 51), 255);
$bootp .= "\\0" x (300 - length $bootp) if length $bootp < 300;
my $udp = pack("n4", 68, 67, 8 + length $bootp, 0) . $bootp;
my $ip = pack("C2 n3 C2 n a4 a4", 0x45, 0, 20 + length $udp, 0, 0, 64, 17, 0, "\\0" x 4, "\\xff" x 4);
my $sum = 0; $sum += $_ for unpack("n*", $ip); $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
substr($ip, 10, 2) = pack("n", ~$sum & 0xffff);
my $frame = ("\\xff" x 6) . $mac . pack("n", 0x0800) . $ip . $udp;
my ($end, $next, %seen) = (time + $seconds, 0);
while (time < $end) {
  if (time >= $next) { send($s, $frame, 0) or die "send: $!\\n"; $next = time + 2; }
  my $in = ""; vec($in, fileno($s), 1) = 1;
  select($in, undef, undef, 0.25) or next;
  my $answer; recv($s, $answer, 2048, 0); next if length $answer < 282;
  my $head = (unpack("C", substr($answer, 14, 1)) & 15) * 4;
  next unless substr($answer, 23, 1) eq "\\x11" and unpack("n", substr($answer, 14 + $head + 2, 2)) == 68;
  my $reply = substr($answer, 14 + $head + 8);
  next unless substr($reply, 0, 1) eq "\\x02" and substr($reply, 4, 4) eq $xid;
  my ($from, $ether) = (inet_ntoa(substr($answer, 26, 4)), join(":", unpack("(H2)6", substr($answer, 6, 6))));
  print "offer\\t$from\\t$ether\\t", inet_ntoa(substr($reply, 16, 4)), "\\n" unless $seen{$from}++;
  $end = time + 1 if $end > time + 1;
}
print "asked\\t$if\\n";
`;

/** Which interface: the named one, else the one with an address in the subnet. A subnet behind a relay has none and cannot be asked from here. */
export const dhcp: Question<NoOtherDhcp> = {
  ask: ({ subnet, interface: name }) => sh`
if=${name ?? ""}
[ -n "$if" ] || if=$(ip -o -4 addr show to ${subnet} 2>/dev/null | awk '{ print $2; exit }')
if [ -z "$if" ]; then echo relay; else perl -e ${EXCHANGE} "$if" 4 2>&1; fi`,
  judge({ subnet }, answer) {
    const rows = answer.split("\n").map((line) => line.split("\t"));
    const offers = rows.filter(([tag]) => tag === "offer").map(([, from, mac, address]) => `${from} (${mac}) offers ${address}`);
    if (offers.length > 0)
      return { ok: false, what: `another DHCP server answers on ${subnet}: ${offers.join("; ")}`, mend: "Switch it off, or declare the pool with mode: \"proxy\", which leaves that server alone." };
    const asked = rows.find(([tag]) => tag === "asked");
    if (asked) return { ok: true, what: `no other DHCP server answers on ${asked[1]} for ${subnet}` };
    if (rows.some(([tag]) => tag === "relay")) return { ok: true, hint: true, what: `${subnet} is on no interface of the master: not asked` };
    return { ok: true, hint: true, what: `could not ask on ${subnet} (${answer.trim().split("\n").pop()})` };
  },
};
