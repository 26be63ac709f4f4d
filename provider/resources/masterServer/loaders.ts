import { blobPath, HTTP, SITE } from "../../boot/script";
import { type Blob, byFirmware, type Firmware } from "../../boot/types";
import type { BlobSpec } from "../../engine/state";
import type { Loaders } from "./types";

/** Where Debian's and Ubuntu's package has its boot loaders. */
const PACKAGE = "/usr/lib/ipxe";

export const nameOf = (loader: string | Blob) => (typeof loader === "string" ? loader : loader.name);

/** The loaders that are the user's own files. */
export const own = (loaders: Loaders) => byFirmware(loaders).filter((entry): entry is [Firmware, Blob] => typeof entry[1] !== "string");

/** Each loader under its name for TFTP, and for firmware that boots over HTTP. Links, so that an update of the package reaches clients. */
export function loaderState(loaders: Loaders) {
  const targets = byFirmware(loaders).map(([, loader]): [string, string] => [nameOf(loader), typeof loader === "string" ? `${PACKAGE}/${loader}` : HTTP + blobPath({ name: loader.name, sha256: loader.sha256! })]);
  const links = Object.fromEntries(targets.flatMap(([name, target]) => [`${SITE}/tftp/${name}`, `${HTTP}/loader/${name}`].map((path) => [path, target])));
  const blobs: Record<string, BlobSpec> = Object.fromEntries(own(loaders).map(([, { name, sha256, size }]) => [HTTP + blobPath({ name, sha256: sha256! }), { sha256: sha256!, size: size! }]));
  const sources = Object.fromEntries(own(loaders).map(([, { sha256, path }]) => [sha256!, path]));
  return { links, blobs, sources };
}
