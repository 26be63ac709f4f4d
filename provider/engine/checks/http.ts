import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Http = Extract<Check, { check: "http" }>;

/** The first line of the answer's head, and of its body. perl is essential in Debian. */
const GET = `
use strict; use IO::Socket::INET;
my ($at, $path) = @ARGV; $SIG{ALRM} = sub { print "none\\tnothing within 5 seconds\\n"; exit }; alarm 5;
my $s = IO::Socket::INET->new(PeerAddr => $at =~ /:/ ? $at : "$at:80", Proto => "tcp", Timeout => 5) or do { $@ =~ s/^IO::Socket::INET: |\\s+$//g; print "none\\t$@\\n"; exit };
print $s "GET $path HTTP/1.0\\r\\nHost: $at\\r\\n\\r\\n"; local $/; my ($head, $body) = split /\\r?\\n\\r?\\n/, <$s> // "", 2;
print join("\\t", "answer", map { (split /\\r?\\n/, $_ // "")[0] // "" } $head, $body), "\\n";`;

/** What iPXE fetches, asked by the host itself at the address that machines are told: a firewall does not come in its way. */
export const http: Question<Http> = {
  applies: ({ unit }, { units }) => units.has(unit),
  ask: ({ url }) => sh`perl -e ${GET} ${url.replace(/^http:\/\/|\/.*$/g, "")} ${url.replace(/^http:\/\/[^/]+/, "")}`,
  judge({ url, unit }, answer) {
    const [tag, first = "", script = ""] = answer.trim().split("\t");
    if (tag !== "answer") return { ok: false, what: `${url} is not answered (${first || "it could not be asked"})`, mend: `${unit} has to run, and the address to be the master's: journalctl -u ${unit}, and /var/log/netboot/http-error.log.` };
    const status = first.replace(/^HTTP\/[0-9.]+ /, "");
    if (!status.startsWith("200")) return { ok: false, what: `${url} is answered with ${status || "nothing"}`, mend: "/var/log/netboot/http-error.log says why; pulumi up --refresh puts back what is missing." };
    if (!script.startsWith("#!ipxe")) return { ok: false, what: `${url} is answered with something else than our script`, mend: `Another web server answers there: see who listens, ss -Hlntp, and stop it, or give http another address or port.` };
    return { ok: true, what: `${url} is answered` };
  },
};
