import { roleSetting } from "../../boot/menu";
import { behind, HTTP, type Job, jobOf, leftoversOf, menuPath, tidy } from "../../boot/script";
import type { LocalBoot } from "../../boot/types";
import { type FileSpec, PASSWORDS } from "../../engine/state";
import { crypt } from "../../crypt";
import { templates } from "../../render";
import type { BootMenu, Entry } from "./types";

const template = templates(__dirname);

/** Where what has a password is fetched, and where the password's hash is; nginx knows the one from the other. No entry has a name with a dot. */
const WHOLE = ".menu";
const lockedPath = (menu: string, part: string) => `/private/${menu}/${part}.ipxe`;
const lockPath = (menu: string, part: string) => `${PASSWORDS}/${menu}/${part}`;

/** The menu's script; of what is behind a password, the script, the hash, and for a whole menu the door in its place. */
export function filesOf(menu: BootMenu): Record<string, FileSpec> {
  const { name, entries, password, master } = menu;
  const whole = password === undefined ? { [HTTP + menuPath(name)]: script(menu) } : {
    [HTTP + menuPath(name)]: tidy(template("door.ipxe.njk", { name, behind: lockedPath(name, WHOLE), retries: master.retries })),
    ...behindLock(menu, WHOLE, password, script(menu)),
  };
  const parts = entries.flatMap((entry) => {
    const job = jobOf(entry.boot);
    return entry.password === undefined || !job ? [] : [behindLock(menu, entry.name, entry.password, behind(`entry ${entry.name} of menu ${name}`, job, master.retries))];
  });
  return Object.assign(whole, ...parts);
}

const behindLock = ({ name, master }: BootMenu, part: string, password: string, text: string): Record<string, FileSpec> => ({
  [HTTP + lockedPath(name, part)]: text,
  [lockPath(name, part)]: { text: `netboot:${hash(password, `${master.name} ${master.host} ${name} ${part}`)}\n`, mode: "0640", group: "33" },
});

/** Of the password as the machine sends it: in hexadecimal. */
const hash = (password: string, place: string) => crypt(Buffer.from(password).toString("hex"), place);

/** What the template needs of an entry: its job, or a way of its own to boot the disk, or neither; and which settings show it. */
function rendered({ name, label, key, heading, only = [], password, boot }: Entry, menu: string, local: LocalBoot) {
  const own = boot.kind === "local" && boot.method ? { ...local, ...boot, volume: boot.volume ?? local.volume ?? "" } : false;
  const job: Job | undefined = password === undefined ? jobOf(boot) : { kind: "door", behind: lockedPath(menu, name) };
  return { name, label, key: key ?? "", heading: heading ?? "", only: only.map(roleSetting), job: job ?? false, disk: own };
}

/** Roles that see some entry of the section that begins here; none where all see one. */
function sectionOf(entries: Entry[], from: number): string[] {
  const next = entries.findIndex(({ heading }, i) => i > from && heading !== undefined);
  const section = entries.slice(from, next < 0 ? undefined : next);
  return section.some(({ only }) => !only) ? [] : [...new Set(section.flatMap(({ only }) => only ?? []))].map(roleSetting);
}

function script({ name, title, entries, default: preset, timeout, password, master }: BootMenu): string {
  const leftovers = leftoversOf(entries.flatMap(({ boot, password }) => (password === undefined ? (jobOf(boot) ?? []) : [])));
  const lines = entries.map((entry, i) => ({ ...rendered(entry, name, master.localBoot), section: sectionOf(entries, i) }));
  return tidy(template("menu.ipxe.njk", { name, title, default: preset ?? "", timeout, locked: password !== undefined, retries: master.retries, leftovers, entries: lines }));
}
