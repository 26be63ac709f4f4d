# One multicast session (docs/cloning-protocol.md): gathers the machines that wait for an image, sends it to them all at once, and ends.
# systemd starts it as soon as a machine waits. HTTP, RUN, INTERFACE, ADDRESS, RATE, MACHINES, WAIT and PATIENCE come from its unit.
set -u
PORT=9000
cd "$RUN" || exit 1
trap 'rm -f session session.new' EXIT
trap 'exit 1' TERM

say() { printf '%s\n' "$IMAGE: $*"; }
tell() { printf '%s\n' "$IMAGE $*" >session.new && mv -f session.new session; }
# One file a machine, by its order; in it the image.
waiting() { grep -lxF -e "$IMAGE" waiting/* 2>/dev/null; }
age() { echo $(($(date +%s) - $(stat -c %Y "$1" 2>/dev/null || echo 0))); }

# Who has waited too long has gone on without us. Of the others, the first one's image.
find waiting -type f ! -newermt "$PATIENCE seconds ago" -delete
first=waiting/$(ls -tr waiting | head -n 1)
[ -f "$first" ] || exit 0
IMAGE=$(head -c 64 "$first")
case $IMAGE in *[!0-9a-f]*) IMAGE=unknown ;; esac
INDEX=$HTTP/images/$IMAGE/index
if [ ! -f "$INDEX" ]; then rm -f -- "$first"; say "there is no such image"; exit 0; fi

tell gathering
while count=$(waiting | wc -l); [ "$count" -gt 0 ] && [ "$count" -lt "$MACHINES" ] && [ "$(age "$first")" -lt "$WAIT" ]; do sleep 1; done
waiting | tr '\n' '\0' | xargs -0 rm -f --
if [ "$count" -lt 2 ]; then say "one machine is better off alone"; exit 0; fi

# The parts' packed bytes in the index's order. A chunk that is missing ends the stream: what followed it would be in the wrong place.
stream() {
  sed -n 's/^part \([0-9]*\) [0-9]* [0-9]* [0-9a-f]\{64\} .*/\1/p' "$INDEX" | while read -r part; do
    sed "s|^\([0-9a-f]\{2\}\).*|$HTTP/chunks/\1/&.zst|" "$HTTP/images/$IMAGE/part.$part" | tr '\n' '\0' | xargs -0 cat -- || exit
  done
}
say "$count machines"
tell "sending $PORT"
# A machine that does not answer 15 times (about eight seconds) is left behind; udpcast's own 200 would be minutes, and all others wait for it.
# Of its figures the last: how much was sent, and how much of that again.
stream | udp-sender --nokbd --interface "$INTERFACE" --portbase $PORT --mcast-data-address "$ADDRESS" --max-bitrate "$RATE" \
  --min-receivers "$count" --max-wait 10 --start-timeout 30 --retries-until-drop 15 2>&1 |
  tr '\r' '\n' | awk '!NF || /^Timeout notAnswered/ { next } /^bytes=/ { sent = $0; next } { print } END { if (sent) print sent }'
exit 0
