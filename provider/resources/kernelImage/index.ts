import type { KernelImageInput as KernelImage } from "@pulumi-netboot/schema/filled";
import { createHash } from "node:crypto";
import { blobProblems } from "../../boot/rules";
import { oneSpaced } from "../../boot/kernel";
import { blobPath, HTTP, SITE } from "../../boot/script";
import type { Blob, FileRef, ImageRef } from "../../boot/types";
import type { ResourceType } from "../../resource";
import { hasUnknown, settled, UNKNOWN } from "../../unknown";

const known = ({ name, sha256 }: Blob): FileRef => ({ name, sha256: sha256! });

/** One digest over all that is sent; unknown as soon as one part is. */
function digestOf(files: Blob[]): string {
  if (hasUnknown(files)) return UNKNOWN;
  return createHash("sha256").update(files.map(({ sha256 }) => `${sha256}\n`).join("")).digest("hex");
}

const type: ResourceType<KernelImage> = {
  name: "KernelImage",
  normalise: (input) => ({ ...input, cmdline: typeof input.cmdline === "string" ? oneSpaced(input.cmdline) : input.cmdline }),
  rules: ({ kernel, initrds }) => [...blobProblems(kernel, "kernel"), ...initrds.flatMap((initrd, i) => blobProblems(initrd, `initrds[${i}]`))],
  claims: ({ name }) => [{ kind: "name", value: `KernelImage ${name}`, property: "name" }],
  desired({ name, master, kernel, initrds, cmdline }) {
    const files = [kernel, ...initrds];
    const ref: ImageRef = { name, masterName: master.name, digest: digestOf(files), kernel: known(kernel), initrds: initrds.map(known), cmdline, ...(kernel.machine && { machine: kernel.machine }), ...(kernel.signed && { signed: true }) };
    return {
      // Two images may share a file: the same digest and name are the same path.
      state: { blobs: Object.fromEntries(files.map((file) => [HTTP + blobPath(known(file)), { sha256: file.sha256!, size: file.size! }])) },
      outputs: settled({ ref, digest: ref.digest, url: master.http + blobPath(ref.kernel) }),
      checks: [{ check: "space", path: SITE, bytes: files.reduce((sum, { size }) => sum + (size ?? 0), 0) }],
      sources: Object.fromEntries(files.map(({ sha256, path }) => [sha256!, path])),
    };
  },
};
export default type;
