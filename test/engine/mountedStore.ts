// A real file system where a host without a machine keeps its volumes, in a file on a loop device: copies share their blocks, and it can be full.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { MADE_SMALL, type Mounted } from "../imaging/image.ts";
import { STORE } from "./contract.ts";
import { type FastHost, fastHost, withDevices } from "./fastHost.ts";

/** Of XFS and of btrfs about as small as they can be made. */
const SIZES: Record<Mounted, string> = { xfs: "64M", btrfs: "130M" };

export interface StoreHost extends FastHost, Disposable {}

/** A host that keeps volumes on that file system. */
export function storeHost(kind: Mounted): StoreHost {
  const host = withDevices(fastHost()), file = host.path("disk"), at = host.path(STORE);
  // The stub of it copies, as in memory no blocks can be shared.
  rmSync(host.path("stub/bin/cp"));
  mkdirSync(at, { recursive: true });
  execFileSync("sh", ["-c", `truncate -s ${SIZES[kind]} ${file} && mkfs.${kind} -q ${file} && mount -o loop ${file} ${at}
    mkdir -p ${host.path("etc/netboot")} && printf 'warn 80\\nrefuse 90\\npool \\n' >${host.path("etc/netboot/volumes")}`], { env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin`, ...MADE_SMALL } });
  const away = () => {
    process.off("exit", away);
    execFileSync("umount", [at]);
    host.remove();
  };
  process.on("exit", away);
  return Object.assign(host, { [Symbol.dispose]: away });
}
