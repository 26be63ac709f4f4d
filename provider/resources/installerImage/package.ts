import type { InstallerImageInput } from "@pulumi-netboot/schema/filled";
import { createHash } from "node:crypto";
import type { Processor } from "../../boot/types";
import { quote } from "../../engine/sh";

export type Package = NonNullable<InstallerImageInput["package"]>;

/** For which processor it is; Debian signs the kernels of its installers as it does the others. */
const PROCESSORS: Record<string, Processor> = { amd64: "x86_64", arm64: "arm64", i386: "x86" };
export const packaged = ({ name }: Package): { machine?: Processor; signed: boolean } => {
  const machine = PROCESSORS[name.replace(/.*-/, "")];
  return { ...(machine && { machine }), signed: true };
};

/** How kernel and initial RAM disk come out of a package of Debian's, which is not installed: its files are of no use to the master itself. apt has verified what it downloads. */
export function unpacking({ name, version, kernelSha256, initrdSha256 }: Package): { recipe: string; script: string } {
  const [, release, processor] = /^debian-installer-(\d+)-netboot-(\w+)$/.exec(name) ?? ["", "", ""];
  const folder = `usr/lib/debian-installer/images/${release}/${processor}/text/debian-installer/${processor}`;
  const wanted = quote(version ? `${name}=${version}` : name);
  const digests = [[kernelSha256, "linux"], [initrdSha256, "initrd.gz"]].flatMap(([digest, file]) => (digest ? [`${digest}  ${file}`] : []));
  const script = `set -eu
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
mkdir unpacked
cd unpacked
fetch() { apt-get -q -o APT::Sandbox::User=root download ${wanted} >words 2>&1; }
# Lists that name a version which is no longer there are old.
fetch || { apt-get -q update >words 2>&1 && fetch; } || { echo "cannot download the package "${wanted}":" >&2; tail -n 3 words >&2; exit 1; }
dpkg-deb --fsys-tarfile ${quote(name)}_*.deb | tar -x ./${quote(`${folder}/linux`)} ./${quote(`${folder}/initrd.gz`)}
cd ..
install -m 644 unpacked/${quote(folder)}/linux unpacked/${quote(folder)}/initrd.gz .
rm -r unpacked
sha256sum linux initrd.gz >SHA256SUMS
${digests.map((line) => `grep -qxF ${quote(line)} SHA256SUMS || { echo "the package "${wanted}" has other files than the program says, which are:" >&2; cat SHA256SUMS >&2; exit 1; }
`).join("")}`;
  return { recipe: createHash("sha256").update(script).digest("hex"), script };
}
