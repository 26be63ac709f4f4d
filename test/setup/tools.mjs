// The tools that tests run on this machine itself, as machines and masters run them: what is not there would leave those tests out.
import { aptInstall } from "./apt.mjs";
import { Missing, step } from "./step.mjs";
import { folderWith } from "./where.mjs";

/** Commands, and the Debian package that each is in. */
const packages = {
    awk: "mawk", blkid: "util-linux", chromium: "chromium", curl: "curl", dash: "dash", debugfs: "e2fsprogs", e2image: "e2fsprogs", ip: "iproute2", "mkfs.btrfs": "btrfs-progs", "mkfs.ext4": "e2fsprogs", "mkfs.xfs": "xfsprogs", sfdisk: "fdisk",
    "udp-sender": "udpcast", xxhsum: "xxhash", xz: "xz-utils", zstd: "zstd",
};

const missing = () => Object.keys(packages).filter((tool) => !folderWith(tool, "/usr/sbin", "/sbin"));

export const tools = () =>
    step("tools", async () => {
        const before = missing();
        if (!before.length) return "all there";
        const what = (tools) => `Tools that tests run here are missing (${tools.join(", ")})`;
        const otherWay = "put them on PATH in another way.";
        await aptInstall([...new Set(before.map((tool) => packages[tool]))].sort(), what(before), otherWay);
        const left = missing();
        if (left.length) throw new Missing(`${what(left)} after their packages were installed`, "put the folder that holds them on PATH,", otherWay);
        return `installed ${before.join(", ")}`;
    });
