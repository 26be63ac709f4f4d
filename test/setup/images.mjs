// The lab's images, built once: each one's tag is the hash of what it is made from.
import { mkdirSync, renameSync, rmSync, existsSync } from "node:fs";
import { join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { ask, Missing, note, run, step } from "./step.mjs";
import { artifacts, images as tags, recipeOf } from "./where.mjs";

export async function images() {
    const there = new Set((await run("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}", "netboot-lab/*"], { quick: true })).split("\n"));
    const missing = Object.keys(tags).filter((name) => !there.has(tags[name]) && !(name === "kernel" && existsSync(artifacts.initrd)));
    for (const name of missing) await step(`image ${name}`, () => build(recipeOf(name)));
    if (!existsSync(artifacts.initrd)) await step("test kernel", kernel);
    if (!missing.length) await step("images", async () => `${Object.keys(tags).length} there`);
}

async function build({ tag, base, folder, release }) {
    if (release) return fromRelease(tag, folder, ...release.split(" "));
    await run("docker", ["build", "--tag", tag, "--build-arg", `BASE=${base}`, folder]);
    return `built ${tag}`;
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
    if (!existsSync("/usr/sbin/debootstrap"))
        await aptInstall(["debootstrap", "debian-archive-keyring"], "No image registry answers, and debootstrap is missing", "load debian:12-slim and debian:13-slim into Docker.");
    await run("sh", [join(folder, "make.sh"), suite, tag]);
    return `made with debootstrap ${suite}, as ${tag}`;
}

/** Copies the kernel and the initial file system out of their image. */
async function kernel() {
    const fresh = `${artifacts.dir}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    const container = await run("docker", ["create", tags.kernel, "unused"]);
    try {
        await run("docker", ["cp", `${container}:/out/.`, fresh]);
    } finally {
        await run("docker", ["rm", container]);
    }
    rmSync(artifacts.dir, { recursive: true, force: true });
    renameSync(fresh, artifacts.dir);
    return artifacts.dir;
}
