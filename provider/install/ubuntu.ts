import { ontoVolume } from "../boot/disks";
import { yamlMap } from "../seed/formats";
import type { Family } from "./types";

/** Stands for the disk in the configuration, until the installer's first command has put it there. */
const DISK = "netboot-disk";

/** The installed system's initial RAM disk logs in to the disk of the master that iPXE has left word of (iBFT), by open-iscsi; the secret that is there is nobody's but root's. */
const FINDS = [
  "curtin in-target -- apt-get install -y open-iscsi",
  "echo ISCSI_AUTO=true >/target/etc/iscsi/iscsi.initramfs && echo 'z /sys/firmware/ibft/target*/chap-secret 0400 root root' >/target/etc/tmpfiles.d/netboot-ibft.conf",
  "curtin in-target -- update-initramfs -u -k all",
];

/** Ubuntu's live server: cloud-init's user data with an autoinstall configuration, whose first and last commands are ours. */
export const ubuntu: Family = {
  file: "user-data",
  args: (base) => `autoinstall ds=nocloud;dsmode=net;s=${base}`,
  fault(text) {
    if (!text.startsWith("#cloud-config\n")) return 'does not begin with the line "#cloud-config", by which cloud-init knows what it is: write it first';
    const map = yamlMap(text);
    if (typeof map === "string") return map;
    const given = map.toJS().autoinstall;
    if (given?.version !== 1) return "has no autoinstall with version: 1: write `autoinstall:` and `  version: 1` in it";
    if (given.shutdown !== undefined) return "has autoinstall.shutdown: take it out; then of boot.install says how it ends";
    if (given.storage === undefined || JSON.stringify(given.storage).includes(`"${DISK}"`)) return undefined;
    return `has autoinstall.storage without "${DISK}", which stands for the disk that boot.install names: write \`match: { path: ${DISK} }\` in layout, or \`path: ${DISK}\` in the configuration of the disk`;
  },
  serves(text, { master, boot: { then, disk } }): Record<string, string> {
    const map = yamlMap(text);
    const given = typeof map === "string" ? undefined : map.toJS().autoinstall;
    if (typeof map === "string" || !given || typeof given !== "object") return { "user-data": text };
    const put = (field: string, value: unknown) => map.setIn(["autoinstall", field], map.createNode(value));
    const list = (field: string): unknown[] => (given[field] === undefined ? [] : [given[field]].flat());
    if (given.storage === undefined) put("storage", { layout: { name: "lvm", match: { path: DISK } } });
    const begin = `curl -sSf -o /tmp/netboot ${master.http}/installers/netboot && chmod 755 /tmp/netboot && /tmp/netboot start && disk=$(/tmp/netboot disk) && sed -i "s|${DISK}|$disk|" /autoinstall.yaml && { /tmp/netboot watch </dev/null >/dev/null 2>&1 & }`;
    put("early-commands", [begin, ...list("early-commands")]);
    put("late-commands", [...list("late-commands"), ...(ontoVolume(disk) ? FINDS : []), "/tmp/netboot done"]);
    put("error-commands", [...list("error-commands"), '/tmp/netboot failed "the installer says why on its console"']);
    put("shutdown", then);
    return { "user-data": map.toString({ lineWidth: 0 }), "meta-data": "", "vendor-data": "", "network-config": "" };
  },
};
