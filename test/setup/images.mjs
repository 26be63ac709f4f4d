// The lab's images, built once: each one's tag is the hash of what it is made from.
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { ask, Missing, note, run, step } from "./step.mjs";
import { folderWith, images as tags, outputs, recipeOf } from "./where.mjs";

const LONG = ["clientArm64", "kernelArm64", "signed", "debianDisk", "templateDisk", "vmMaster"]; // what only the long tests need
const PEERS = ["bmc", "daemonsDebian12", "winpe"];      // what only tests need, and no demo

export const images = () => have(Object.keys(tags).filter((name) => ![...LONG, ...PEERS].includes(name)));
export const peers = () => have(PEERS);
export const disks = () => have(LONG);

async function have(names) {
    const there = new Set((await run("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}", "netboot-lab/*"], { quick: true })).split("\n"));
    const missing = names.filter((name) => !there.has(tags[name]) && !(outputs[name] && existsSync(outputs[name])));
    for (const name of missing) await step(`image ${name}`, () => build(recipeOf(name)));
    for (const name of names) if (outputs[name] && !existsSync(outputs[name])) await step(`files of ${name}`, () => copyOut(name));
    if (!missing.length) await step("images", async () => `${names.length} there`);
}

async function build({ tag, base, folder, release, args = {} }) {
    if (release) return fromRelease(tag, folder, ...release.split(" "));
    const wheels = existsSync(join(folder, "requirements.txt")) ? await withWheels(folder) : undefined;
    try {
        await run("docker", ["build", "--tag", tag, ...Object.entries({ BASE: base, ...args }).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]), wheels ?? folder]);
    } finally {
        if (wheels) rmSync(wheels, { recursive: true, force: true });
    }
    return `built ${tag}`;
}

/** A copy of the folder with its Python packages beside it. This machine fetches them: it knows the way to the registry, and whom to trust on it; a container may not. */
async function withWheels(folder) {
    if (!(await ask("python3", ["-m", "pip", "--version"])))
        await aptInstall(["python3-pip"], "A test's image needs a Python package, and pip is missing", "put a python3 with pip on PATH.");
    const copy = mkdtempSync(join(tmpdir(), "netboot-image-"));
    cpSync(folder, copy, { recursive: true });
    await run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--requirement", join(folder, "requirements.txt"), "--dest", copy]);
    return copy;
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
    if (!folderWith("debootstrap", "/usr/sbin"))
        await aptInstall(["debootstrap", "debian-archive-keyring"], "No image registry answers, and debootstrap is missing", "load debian:12-slim and debian:13-slim into Docker.");
    await run("sh", [join(folder, "make.sh"), suite, tag]);
    return `made with debootstrap ${suite}, as ${tag}`;
}

/** Copies what an image has made out of it. */
async function copyOut(name) {
    const fresh = `${outputs[name]}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    const container = await run("docker", ["create", tags[name], "unused"]);
    try {
        await run("docker", ["cp", `${container}:/out/.`, fresh]);
    } finally {
        await run("docker", ["rm", container]);
    }
    renameSync(fresh, outputs[name]);
    return outputs[name];
}
