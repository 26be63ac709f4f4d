// The installer's own packages that a mirror's index names and the mirror has not got, made again of ordinary packages of the same version, which it has: the same files, in a package of the same name. With them an
// installation runs against a mirror that keeps no more than what it is asked for.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const MIRROR = "http://deb.debian.org/debian";
const INDEX = "main/debian-installer/binary-amd64/Packages";
/** Of which ordinary packages the others are made; kernel modules come out of linux-image. */
const ORDINARY: Record<string, string[]> = {
    "e2fsprogs-udeb": ["e2fsprogs", "libext2fs2t64", "libcom-err2", "libss2"],
    "libmount1-udeb": ["libmount1"],
    "xfsprogs-udeb": ["xfsprogs"],
    "ntfs-3g-udeb": ["ntfs-3g", "libntfs-3g89t64"],
};

type Stanza = Record<string, string>;
const stanzas = (text: string): Stanza[] => text.trim().split(/\n\n+/).map((stanza) => Object.fromEntries(stanza.split(/\n(?! )/).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()])));
const written = (stanza: Stanza): string => Object.entries(stanza).map(([key, value]) => `${key}: ${value}\n`).join("");

async function got(path: string): Promise<Buffer> {
    const answer = await fetch(`${MIRROR}/${path}`);
    if (!answer.ok) throw new Error(`the mirror answers ${answer.status} to ${path}`);
    return Buffer.from(await answer.arrayBuffer());
}
const index = async (path: string) => stanzas(gunzipSync(await got(`${path}.gz`)).toString());
const has = async ({ Filename }: Stanza): Promise<boolean> => (await fetch(`${MIRROR}/${Filename}`, { method: "HEAD" })).ok;
const digest = (kind: string, data: Buffer) => createHash(kind).update(data).digest("hex");

/** What a mirror is to answer in place of its own, by path below /debian; and how many packages are among it. */
export async function remade(release: string): Promise<{ answers: Map<string, Buffer>; packages: number }> {
    const folder = mkdtempSync(join(tmpdir(), "netboot-udebs-"));
    try {
        const list = await index(`dists/${release}/${INDEX}`);
        const ordinary = await index(`dists/${release}/main/binary-amd64/Packages`);
        const asked = list.filter((it) => it["Kernel-Version"] || ORDINARY[it.Package!]);
        const missing = new Set<Stanza>();
        for (const it of asked) if (!(await has(it))) missing.add(it);
        const unpacked = new Map<string, Promise<string>>();
        const unpack = (name: string, path = ordinary.find((it) => it.Package === name)!.Filename!) => {
            if (!unpacked.has(name)) unpacked.set(name, got(path).then((data) => extract(join(folder, name), data)));
            return unpacked.get(name)!;
        };

        const answers = new Map<string, Buffer>();
        for (const it of missing) {
            const root = join(folder, "made", it.Package!);
            mkdirSync(join(root, "DEBIAN"), { recursive: true });
            const kernel = it["Kernel-Version"];
            if (kernel) {
                const like = asked.find((other) => !missing.has(other) && other.Package === it.Package!.replace(kernel, other["Kernel-Version"]!));
                if (!like) throw new Error(`nothing says which modules belong to ${it.Package}`);
                const image = await unpack(`linux-image-${kernel}`);
                for (const path of modules(await unpack(like.Package!, like.Filename!), like["Kernel-Version"]!)) copy(join(image, "usr/lib/modules", kernel, path), join(root, "lib/modules", kernel, path));
            } else {
                for (const name of ORDINARY[it.Package!]!) copy(await unpack(name), root);
                rmSync(join(root, "usr/share"), { recursive: true });
            }
            answers.set(it.Filename!, build(root, it));
        }
        const packages = answers.size;
        const text = gzipSync(list.map((it) => written(sealed(it, answers.get(it.Filename!)))).join("\n"));
        answers.set(`dists/${release}/${INDEX}.gz`, text);
        answers.set(`dists/${release}/Release`, Buffer.from(listed(`${await got(`dists/${release}/Release`)}`, text)));
        return { answers, packages };
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

function extract(folder: string, data: Buffer): string {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}.deb`, data);
    execFileSync("dpkg-deb", ["--extract", `${folder}.deb`, folder]);
    return folder;
}
const modules = (folder: string, kernel: string) => execFileSync("find", [join(folder, "lib/modules", kernel), "-name", "*.ko*", "-printf", "%P\n"], { encoding: "utf8" }).split("\n").filter(Boolean);

function copy(from: string, to: string): void {
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

function build(root: string, { Filename: _, Size: __, MD5sum: ___, SHA256: ____, ...control }: Stanza): Buffer {
    writeFileSync(join(root, "DEBIAN/control"), written(control));
    execFileSync("dpkg-deb", ["-Zgzip", "-z1", "--root-owner-group", "--build", root, `${root}.udeb`], { stdio: "pipe" });
    return readFileSync(`${root}.udeb`);
}
const sealed = (it: Stanza, data?: Buffer): Stanza => (data ? { ...it, Size: `${data.length}`, MD5sum: digest("md5", data), SHA256: digest("sha256", data) } : it);

/** The list of digests names one form of the index, ours. */
const listed = (release: string, data: Buffer) =>
    release.replace(new RegExp(`^ ([0-9a-f]+) +\\d+ ${INDEX}(\\.\\w+)?\\n`, "gm"), (_, sum: string, form?: string) => (sum.length === 64 && form === ".gz" ? ` ${digest("sha256", data)} ${data.length} ${INDEX}.gz\n` : ""));
