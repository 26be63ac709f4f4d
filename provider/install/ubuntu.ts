import { yamlMap } from "../seed/formats";
import { AnswerFault, type Family } from "./types";

/** Stands for the disk in the configuration, until the installer's first command has put it there. */
const DISK = "netboot-disk";

/** Ubuntu's live server: cloud-init's user data with an autoinstall configuration, whose first and last commands are ours. */
export const ubuntu: Family = {
  file: "user-data",
  args: (base) => `autoinstall ds=nocloud;dsmode=net;s=${base}`,
  serves(text, { master, boot: { then } }) {
    if (!text.startsWith("#cloud-config\n")) throw new AnswerFault('does not begin with the line "#cloud-config", by which cloud-init knows what it is: write it first');
    const map = yamlMap(text);
    if (typeof map === "string") throw new AnswerFault(map);
    const given = map.toJS().autoinstall;
    if (given?.version !== 1) throw new AnswerFault("has no autoinstall with version: 1: write `autoinstall:` and `  version: 1` in it");
    if (given.shutdown !== undefined) throw new AnswerFault("has autoinstall.shutdown: take it out; then of boot.install says how it ends");
    if (given.storage !== undefined && !JSON.stringify(given.storage).includes(`"${DISK}"`)) throw new AnswerFault(`has autoinstall.storage without "${DISK}", which stands for the disk that boot.install names: write \`match: { path: ${DISK} }\` in layout, or \`path: ${DISK}\` in the configuration of the disk`);
    const put = (field: string, value: unknown) => map.setIn(["autoinstall", field], map.createNode(value));
    const list = (field: string): unknown[] => (given[field] === undefined ? [] : [given[field]].flat());
    if (given.storage === undefined) put("storage", { layout: { name: "lvm", match: { path: DISK } } });
    const begin = `curl -sSf -o /tmp/netboot ${master.http}/installers/netboot && chmod 755 /tmp/netboot && /tmp/netboot start && disk=$(/tmp/netboot disk) && sed -i "s|${DISK}|$disk|" /autoinstall.yaml && { /tmp/netboot watch </dev/null >/dev/null 2>&1 & }`;
    put("early-commands", [begin, ...list("early-commands")]);
    put("late-commands", [...list("late-commands"), "/tmp/netboot done"]);
    put("error-commands", [...list("error-commands"), '/tmp/netboot failed "the installer says why on its console"']);
    put("shutdown", then);
    return { "user-data": map.toString({ lineWidth: 0 }), "meta-data": "", "vendor-data": "", "network-config": "" };
  },
};
