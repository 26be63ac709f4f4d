// Where everything that set-up makes is found. Reads files only: no network, no commands. Tests import it.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pulumi-netboot");

/** The folder of PATH, or else of `more`, that holds a program. */
export const folderWith = (program, ...more) => [...(process.env.PATH ?? "").split(delimiter), ...more].find((folder) => folder && existsSync(join(folder, program)));

/** The versions that the tests are written against. */
export const pins = {
    pulumi: "3.259.0",
    go: "1.25.11",                                     // what the modules in pulumi-cli/, pulumi-language-nodejs/ and matchbox/ ask for
    matchbox: "0.11.0",                                // as matchbox/go.mod has it
};

/** The folder under test/images that makes each image, and the image that it starts from. */
const recipes = {
    baseDebian12: { folder: "base", release: "12 bookworm" },
    baseDebian13: { folder: "base", release: "13 trixie" },
    masterDebian12: { folder: "master", from: "baseDebian12" },
    masterDebian13: { folder: "master", from: "baseDebian13" },
    daemonsDebian12: { folder: "daemons", from: "masterDebian12" },
    client: { folder: "client", from: "baseDebian12" },
    dhcp: { folder: "dhcp", from: "baseDebian12" },
    bmc: { folder: "bmc", from: "baseDebian12" },
    kernel: { folder: "kernel", from: "baseDebian12" },
    clientArm64: { folder: "clientArm64", from: "baseDebian12" },
    kernelArm64: { folder: "kernelArm64", from: "baseDebian12" },
    signed: { folder: "signed", from: "baseDebian13" },
    debianDisk: { folder: "debianDisk", from: "baseDebian12", args: { MEBIBYTES: 640 } },
    templateDisk: { folder: "debianDisk", from: "baseDebian12", args: { MEBIBYTES: 1024, MORE: "cloud-init open-iscsi busybox" } },
    winpe: { folder: "winpe", from: "baseDebian12" },
    vmMaster: { folder: "vmMaster", from: "baseDebian12" },
    vmMasterZfs: { folder: "vmMaster", from: "baseDebian12", args: { ZFS: "zfsutils-linux" } },
};

const folderOf = (name) => join(root, "test/images", recipes[name].folder);

function contentHash(name) {
    const hash = createHash("sha256").update(JSON.stringify(recipes[name]));
    if (recipes[name].from) hash.update(contentHash(recipes[name].from));
    for (const file of readdirSync(folderOf(name)).sort()) hash.update(`\0${file}\0`).update(readFileSync(join(folderOf(name), file)));
    return hash.digest("hex").slice(0, 12);
}

const kebab = (name) => name.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();

/** The tag of each lab image, by name: the tag is the hash of all that it is made from. */
export const images = Object.fromEntries(Object.keys(recipes).map((name) => [name, `netboot-lab/${kebab(name)}:${contentHash(name)}`]));

/** How to build the image called `name`. */
export const recipeOf = (name) => ({ ...recipes[name], folder: folderOf(name), tag: images[name], base: images[recipes[name].from] });

/** Images that only make files: where those are copied to. */
const outOf = (name) => join(cacheDir, "artifacts", images[name].split(":")[1]);
export const outputs = { kernel: outOf("kernel"), kernelArm64: outOf("kernelArm64"), signed: outOf("signed"), debianDisk: outOf("debianDisk"), templateDisk: outOf("templateDisk"), winpe: outOf("winpe") };

/** The kernel and the initial file system that a test's PXE clients boot. */
export const artifacts = { vmlinuz: join(outputs.kernel, "vmlinuz"), initrd: join(outputs.kernel, "initrd.img") };

/** The same for 64-bit ARM, where the initial file system says only that it is there. */
export const arm64 = { vmlinuz: join(outputs.kernelArm64, "vmlinuz"), initrd: join(outputs.kernelArm64, "initrd.img") };

/** Debian's loaders for machines that start only what is signed. */
export const signed = { shim: join(outputs.signed, "shimx64.efi.signed"), grub: join(outputs.signed, "grubnetx64.efi.signed") };

const diskOf = (folder) => ({ packed: join(folder, "disk.img.zst"), digest: join(folder, "digest") });

/** A disk with an installed Debian, and the digest of its raw bytes. */
export const debianDisk = diskOf(outputs.debianDisk);

/** The same for machines that boot it by iSCSI, with cloud-init. */
export const templateDisk = diskOf(outputs.templateDisk);

/** What Windows PE is started from, with nothing of Windows in it; and a loader for UEFI in wimboot's place, which says what it was given. */
export const winpe = { media: join(outputs.winpe, "media"), iso: join(outputs.winpe, "winpe.iso"), loader: join(outputs.winpe, "list.efi") };

/** Where set-up puts the Pulumi CLI, and the file that names the folder in use: that one, or one found on PATH. */
export const pulumiBuilt = join(cacheDir, "pulumi", `v${pins.pulumi}`, "bin");
export const pulumiChoice = join(cacheDir, "pulumi", "in-use");

/** The folder of the Pulumi CLI in use: one found on the machine, or our own. */
export const pulumiBin = () => {
    const chosen = existsSync(pulumiChoice) ? readFileSync(pulumiChoice, "utf8").trim() : pulumiBuilt;
    return existsSync(join(chosen, "pulumi")) ? chosen : pulumiBuilt;
};

/** The environment for running Pulumi and the repository's own programs. */
export const pulumiEnv = () => ({
    PATH: [join(root, "node_modules/.bin"), pulumiBin(), process.env.PATH].join(delimiter),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    DO_NOT_TRACK: "1",
});
