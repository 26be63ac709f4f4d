import { createHash } from "node:crypto";
import type { ArtifactSpec, Build } from "../engine/state";
import { SITE } from "../engine/state";
import type { Boot } from "./types";

/**
 * Memtest86+ out of the distribution's package, which is not installed: that would add it to the menu that the master itself starts with. Of its files those for x86-64,
 * in the form that a BIOS's loader starts as if it were Linux, and as an EFI program.
 */
const SCRIPT = `set -eu
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
mkdir unpacked
cd unpacked
fetch() { apt-get -q -o APT::Sandbox::User=root download memtest86+ >words 2>&1; }
# Lists that name a version which is no longer there are old.
fetch || { apt-get -q update >words 2>&1 && fetch; } || { echo "cannot download the package memtest86+:" >&2; tail -n 3 words >&2; exit 1; }
dpkg-deb --fsys-tarfile memtest86+_*.deb | tar -x
cd ..
for form in bin efi; do
    file=unpacked/boot/memtest86+x64.$form
    [ -f "$file" ] || { echo "the package memtest86+ has no $file" >&2; exit 1; }
    install -m 644 "$file" "memtest.$form"
done
rm -r unpacked
`;

const recipe = createHash("sha256").update(SCRIPT).digest("hex");
/** Where machines fetch it. */
export const MEMTEST_URL = `/memtest/${recipe.slice(0, 16)}`;
const folder = `${SITE}/http/memtest`;
const path = `${SITE}/http${MEMTEST_URL}`;

interface Memtest {
  artifacts?: Record<string, ArtifactSpec>;
  directories?: Record<string, string>;
}

/** What the master must have for these boots. */
export const memtestState = (boots: Boot[]): Memtest => (boots.some((boot) => boot?.kind === "memtest") ? { artifacts: { [path]: { recipe } }, directories: { [folder]: "0755" } } : {});
export const memtestBuilds = (boots: Boot[]): Record<string, Build> | undefined => (boots.some((boot) => boot?.kind === "memtest") ? { [path]: { script: SCRIPT } } : undefined);
