# Is every chunk there, for the web server to read, that this image names? By name alone: what is in them is told by whoever unpacks them.
{ find "$HTTP/chunks" -type f -size +0 -perm -004 -name '*.zst' -printf '%f\n'; echo =; cat part.* 2>/dev/null; } |
  awk '$0 == "=" { named = 1; next } !named { have[substr($0, 1, 64)]; next } !($0 in have) { exit 1 }'
