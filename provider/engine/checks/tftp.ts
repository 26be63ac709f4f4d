import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Tftp = Extract<Check, { check: "tftp" }>;

/** The whole file as a client reads it (RFC 1350), or the server's words; the question is put three times. perl is essential in Debian. */
const READ = `
use strict; use Socket; alarm 60;
my ($at, $file) = @ARGV; my ($size, $block, $tries) = (0, 0, 0);
socket(my $s, PF_INET, SOCK_DGRAM, 0) or die;
my ($to, $say) = (pack_sockaddr_in(69, inet_aton($at)), pack("n", 1) . "$file\\0octet\\0");
while (1) {
  defined send($s, $say, 0, $to) or do { print "none\\t$!\\n"; exit };
  my $in = ""; vec($in, fileno($s), 1) = 1;
  select($in, undef, undef, 2) or do { next if ++$tries < 3; print "none\\tnothing for 6 seconds\\n"; exit };
  defined(my $from = recv($s, my $answer, 2048, 0)) or do { print "none\\t$!\\n"; exit };
  my ($kind, $number, $rest) = unpack("n n a*", $answer);
  if ($kind != 3) { print "error\\t", $rest =~ s/\\0.*//sr, "\\n"; exit }
  next if $number != (($block + 1) & 0xffff);
  ($to, $say, $tries) = ($from, pack("n n", 4, $number), 0); $block++; $size += length $rest;
  if (length $rest < 512) { send($s, $say, 0, $to); print "size\\t$size\\n"; exit }
}`;

export const tftp: Question<Tftp> = {
  applies: ({ unit }, { units }) => units.has(unit),
  ask: ({ address, file }) => sh`perl -e ${READ} ${address} ${file}`,
  judge({ address, file, unit }, answer) {
    const [tag, words = ""] = answer.trim().split("\t");
    const url = `tftp://${address}/${file}`;
    const log = `journalctl -u ${unit}`;
    if (tag === "size" && words !== "0") return { ok: true, what: `${url} is handed out, ${words} bytes` };
    if (tag === "size") return { ok: false, what: `${url} is empty`, mend: "pulumi up --refresh puts back what was ours; a loader of a package comes back with apt-get install --reinstall ipxe." };
    if (tag === "error") return { ok: false, what: `${url} is refused: ${words}`, mend: `${log} has the path; pulumi up --refresh puts back what is missing, and a loader that no package of this Debian has is left out of loaders.` };
    return { ok: false, what: `${url} is not answered (${words || "it could not be asked"})`, mend: `${unit} has to run, and to serve the interface with that address: ${log}.` };
  },
};
