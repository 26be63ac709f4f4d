#!/bin/sh
# A minimal Debian of the given release as an image: make.sh SUITE TAG. Needs root, debootstrap and docker.
set -eu
suite=$1 tag=$2
dir=$(mktemp -d)
trap 'rm -rf --one-file-system "$dir"' EXIT
trap 'exit 130' INT TERM
debootstrap --variant=minbase "$suite" "$dir"
# What an installed Debian has: updates and security fixes from the same mirror.
sed -i 's|^deb \([^ ]*\)/debian \([a-z]*\) main|&\ndeb \1/debian \2-updates main\ndeb \1/debian-security \2-security main|' "$dir/etc/apt/sources.list"
rm -f "$dir"/var/cache/apt/archives/*.deb "$dir/etc/resolv.conf" "$dir/etc/hostname"
tar -C "$dir" --numeric-owner -c . | docker import - "$tag"
