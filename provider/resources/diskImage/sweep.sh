# Run when this image has left its place, or never got there: chunks that no image in its place names go, and what was fetched. May be run again.
rm -f -- "$IN/$SHA.part"
cd "$HTTP/chunks" 2>/dev/null || exit 0
named=$(mktemp) || exit 1
trap 'rm -f "$named"' EXIT
# A list that could not be read must not pass for an empty one.
[ ! -d "$HTTP/images" ] || find "$HTTP/images" -mindepth 2 -maxdepth 2 ! -path '*/.netboot-stage/*' -name 'part.*' -exec cat {} + >"$named" || exit 1
find . -type f -printf '%P\n' | awk -v named="$named" '
BEGIN { while ((getline digest <named) > 0) keep[digest] }
{ digest = $0; sub(/^.*\//, "", digest); sub(/\.zst$/, "", digest); if (!(digest in keep)) print }' | tr '\n' '\0' | xargs -0 -r rm -f -- || exit 1
find . -mindepth 1 -maxdepth 1 -type d -empty -delete
