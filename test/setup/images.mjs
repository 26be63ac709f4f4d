// The lab's images, built once: each one's tag is the hash of what it is made from.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { ask, Missing, missing, note, run, step, undoing } from "./step.mjs";
import { folderWith, images as tags, outputs, recipeOf } from "./where.mjs";

const LONG = ["clientArm64", "kernelArm64", "signed", "debianDisk", "templateDisk", "vmMasterZfs"]; // what only the long tests need
const PEERS = ["bmc", "daemonsDebian12", "winpe", "vmMaster"];      // what only tests need, and no demo

export const images = () => have(Object.keys(tags).filter((name) => ![...LONG, ...PEERS].includes(name)));
export const peers = () => have(PEERS);
export const disks = () => have(LONG);

async function have(names) {
    const there = new Set((await run("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}", "netboot-lab/*"], { quick: true })).split("\n"));
    const absent = names.filter((name) => !there.has(tags[name]) && !(outputs[name] && existsSync(outputs[name])));
    for (const name of absent) await step(`image ${name}`, () => build(recipeOf(name)));
    for (const name of names) if (outputs[name] && !existsSync(outputs[name])) await step(`files of ${name}`, () => copyOut(name));
    if (!absent.length) await step("images", async () => `${names.length} there`);
}

async function build({ tag, base, folder, release, args = {} }) {
    if (release) return fromRelease(tag, folder, ...release.split(" "));
    const from = async (context) => {
        await run("docker", ["build", "--tag", tag, ...Object.entries({ BASE: base, ...args }).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]), context])
            .catch(missing(`The image ${tag} can't be built`, "let the engine's containers reach a mirror of Debian's packages,", "load the image (`docker load`) from a machine that has it."));
        return `built ${tag}`;
    };
    return existsSync(join(folder, "requirements.txt")) ? withWheels(folder, from) : from(folder);
}

/** Builds from a copy of the folder with its Python packages beside it. This machine fetches them: it knows the way to the registry, and whom to trust on it; a container may not. */
async function withWheels(folder, from) {
    if (!(await ask("python3", ["-m", "pip", "--version"])))
        await aptInstall(["python3-pip"], "A test's image needs a Python package, and pip is missing", "put a python3 with pip on PATH.");
    const copy = mkdtempSync(join(tmpdir(), "netboot-image-"));
    return undoing(() => rmSync(copy, { recursive: true, force: true }), async () => {
        cpSync(folder, copy, { recursive: true });
        await run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--requirement", join(folder, "requirements.txt"), "--dest", copy]);
        return from(copy);
    });
}

/** A bare Debian: the public image where a registry answers, else debootstrap from the package mirror. */
async function fromRelease(tag, folder, number, suite) {
    note("asking the image registry");
    const pulled = await ask("docker", ["pull", "--quiet", `debian:${number}-slim`], { timeout: 60_000 });
    if (pulled) {
        await run("docker", ["tag", `debian:${number}-slim`, tag]);
        return `debian:${number}-slim, as ${tag}`;
    }
    if (process.getuid() !== 0)
        throw new Missing(`No image registry answers, so debian:${number}-slim is missing`, "load it (`docker load`) from a machine that has it,", "run this once as root: debootstrap then makes it from the package mirror.");
    if (!folderWith("debootstrap"))
        await aptInstall(["debootstrap", "debian-archive-keyring"], "No image registry answers, and debootstrap is missing", "load debian:12-slim and debian:13-slim into Docker.");
    await run("sh", [join(folder, "make.sh"), suite, tag])
        .catch(missing(`No image registry answers, and debootstrap can't make ${tag}`, "let this machine reach a mirror of Debian's packages,", "load the image (`docker load`) from a machine that has it."));
    return `made with debootstrap ${suite}, as ${tag}`;
}

/** Copies what an image has made out of it. */
async function copyOut(name) {
    const fresh = `${outputs[name]}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    const container = `netboot-files-${process.pid}`;
    await undoing(() => spawnSync("sh", ["-c", removal, "sh", container]), async () => {
        await run("docker", ["create", "--name", container, tags[name], "unused"]);
        await run("docker", ["cp", `${container}:/out/.`, fresh]);
    });
    renameSync(fresh, outputs[name]);
    return outputs[name];
}

/** More than one look, as the engine may still be making what an interrupted set-up asked for. */
const removal = 'for look in 1 2 3; do [ -z "$(docker rm --force "$1")" ] || exit 0; sleep 0.3; done';
