# For a generation above the first, by which somebody asks for the packages of today: the lists that this master has may be of any day.
words=$(LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin apt-get -q -o DPkg::Lock::Timeout=120 -o APT::Update::Error-Mode=any update 2>&1) || {
    printf 'imaging system: apt-get update: %s\n' "$(printf '%s\n' "$words" | grep -E '^(E|W|Err)' | tr '\n' ' ')" >&2
    exit 1
}
