// A master's inventory, file by file and package by package, and what differs between two of them.
import type { StartedTestContainer } from "testcontainers";
import { exec } from "./exec.ts";

export interface FileSeen {
    type: string;                        // as find says it: f d l …
    mode: string;
    owner: string;                       // "root:root"
    content: string;                     // a file's sha256, a link's target, else nothing
}

export interface Snapshot {
    files: Map<string, FileSeen>;
    packages: Map<string, string>;       // name and architecture → version and state
}

export interface Difference {
    kind: "added" | "removed" | "changed";
    what: string;                        // a path, or "package NAME"
    detail?: string;
}

/** What changes on any Debian without anyone's doing, or by installing and removing a package as such. */
export const excluded: { path: string; because: string }[] = [
    { path: "/proc", because: "the kernel's" },
    { path: "/sys", because: "the kernel's" },
    { path: "/dev", because: "the kernel's" },
    { path: "/run", because: "gone at the next start" },
    { path: "/tmp", because: "gone at the next start" },
    { path: "/var/tmp", because: "systemd's private folders of running services" },
    { path: "/var/log", because: "logs" },
    { path: "/var/cache", because: "caches (apt's, ldconfig's, debconf's): rebuilt at will" },
    { path: "/var/lib/apt", because: "package lists and what was installed by hand" },
    { path: "/var/lib/dpkg", because: "dpkg's records: packages are compared by name" },
    { path: "/var/lib/systemd", because: "random seed, timer stamps, clocks, deb-systemd-helper's records of units once known" },
    { path: "/etc/passwd-", because: "the copy of the last version but one, kept by useradd; likewise the next three" },
    { path: "/etc/shadow-", because: "" },
    { path: "/etc/group-", because: "" },
    { path: "/etc/gshadow-", because: "" },
    { path: "/etc/ld.so.cache", because: "a cache" },
    { path: "/etc/mtab", because: "the kernel's" },
];

export async function takeSnapshot(container: StartedTestContainer): Promise<Snapshot> {
    const find = `find / \\( ${excluded.map(({ path }) => `-path ${path}`).join(" -o ")} \\) -prune -o`;
    const listed = await exec(container, `${find} -printf '%y %m %u:%g\\0%p\\0%l\\0'`);
    const summed = await exec(container, `${find} -type f -print0 | xargs -0 sha256sum -z`);
    // Removing a package leaves its record ("rc") as long as configuration files remain: that must show, so no state is left out.
    const packages = await exec(container, "dpkg-query -W -f '${binary:Package} ${Version} ${db:Status-Abbrev}\\n'");
    return { files: readFiles(listed, summed), packages: readPackages(packages) };
}

function readFiles(listed: string, summed: string): Map<string, FileSeen> {
    const sums = new Map(summed.split("\0").filter(Boolean).map((line) => [line.slice(66), line.slice(0, 64)]));
    const fields = listed.split("\0");
    const files = new Map<string, FileSeen>();
    for (let i = 0; i + 2 < fields.length; i += 3) {
        const [facts, path, target] = fields.slice(i, i + 3) as [string, string, string];
        const [type = "", mode = "", owner = ""] = facts.split(" ");
        files.set(path, { type, mode, owner, content: type === "l" ? target : (sums.get(path) ?? "") });
    }
    return files;
}

const readPackages = (text: string) =>
    new Map(text.split("\n").filter(Boolean).map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1).trim()]));

/** What `after` has that `before` had not, has no longer, or has otherwise. `allow`: paths that may differ, with all below. */
export function differences(before: Snapshot, after: Snapshot, allow: string[] = []): Difference[] {
    const allowed = (path: string) => allow.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
    const shown = new Map([...before.files, ...after.files].map(([path]) => [path, path]));
    const files = between(before.files, after.files, shown, (file) => JSON.stringify(file)).filter(({ what }) => !allowed(what));
    const names = new Map([...before.packages, ...after.packages].map(([name]) => [name, `package ${name}`]));
    return [...between(before.packages, after.packages, names, (version) => version), ...files];
}

function between<T>(before: Map<string, T>, after: Map<string, T>, names: Map<string, string>, text: (value: T) => string): Difference[] {
    const all: Difference[] = [];
    for (const [key, what] of names) {
        const [old, now] = [before.get(key), after.get(key)];
        if (old === undefined) all.push({ kind: "added", what, detail: text(now!) });
        else if (now === undefined) all.push({ kind: "removed", what, detail: text(old) });
        else if (text(old) !== text(now)) all.push({ kind: "changed", what, detail: `${text(old)} → ${text(now)}` });
    }
    return all;
}

/** For a message: one line a difference. */
export const inWords = (all: Difference[]) => all.map(({ kind, what, detail }) => `${kind} ${what}${detail ? ` (${detail})` : ""}`).join("\n");
