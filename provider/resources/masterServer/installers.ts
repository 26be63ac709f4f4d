import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HTTP, SITE } from "../../boot/script";
import type { MasterServer } from "./types";

/** What installers fetch and run, whatever machine they are on: nothing of a program is in it. */
const SERVED: Record<string, string> = { netboot: "netboot.sh", debian: "debian.sh", ignition: "ignition.sh" };
const read = (file: string) => readFileSync(join(__dirname, "..", "..", "install", file), "utf8");

/** What iPXE and GRUB are told when they have taken the token of an installation. */
const BEGUN = { ipxe: "#!ipxe\nset netboot-begun yes\n", grub: "set netboot_begun=yes\n" };

export const installerFiles = ({ installers }: MasterServer): Record<string, string> =>
  installers ? { ...Object.fromEntries(Object.entries(SERVED).map(([name, file]) => [`${HTTP}/installers/${name}`, read(file)])), ...Object.fromEntries(Object.entries(BEGUN).map(([form, text]) => [`${HTTP}/installers/begun.${form}`, text])) } : {};

export const installerDirectories = ({ installers }: MasterServer): Record<string, string> =>
  installers ? Object.fromEntries([...["installer", "orders"].map((part) => `${HTTP}/${part}`), `${SITE}/claims`, `${SITE}/reports`].map((path) => [path, "0755"])) : {};
