// The lab's images: built once, known by what they are made from, and their files copied out without a container staying behind.
import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ended, Machine, until } from "./machine.ts";

/** A machine whose engine has what it has built, pulled and tagged, and makes containers with a file in them. */
function engine(): Machine {
    const machine = new Machine();
    machine.tool("docker", `cd ${machine.folder}; case $1 in
        images) cat built;;
        import) cat >/dev/null; echo "$3" >>built;;
        build) [ ! -e unbuildable ] || { echo no route to the mirror; exit 1; }; echo "$3" >>built;;
        pull) [ ! -e offline ] && echo "$3";;
        tag) echo "$3" >>built;;
        create) echo "$3" >>containers; echo 0123;;
        cp) echo kernel >"$3/vmlinuz"; [ ! -e slow ] || exec sleep 30;;
        rm) rm containers 2>/dev/null && echo "$3";;
        esac`);
    writeFileSync(join(machine.folder, "built"), "");
    return machine;
}
const made = (machine: Machine) => machine.called().map((line) => /^docker build --tag netboot-lab\/([^ :]+):|^docker tag [^ ]+ netboot-lab\/([^ :]+):/.exec(line)).flatMap((it) => it?.[1] ?? it?.[2] ?? []);
const all = ["base-debian12", "base-debian13", "master-debian12", "master-debian13", "client", "dhcp", "kernel"];

test("they are built once, and the next time none is; a changed file builds its image again and what is made from it, and no other", async () => {
    const machine = engine();
    const before = machine.files();
    const { code, text } = await machine.setUp("images");
    assert.equal(code, 0, text);
    assert.deepEqual(made(machine).sort(), [...all].sort());
    assert.match(text, /^ {2}image masterDebian12 +built netboot-lab\/master-debian12:[0-9a-f]{12} {2}\(\d\.\d s\)$/m);
    assert.match(text, /^ {2}files of kernel +.*\/pulumi-netboot\/artifacts\/[0-9a-f]{12} /m);
    assert.equal(existsSync(join(machine.folder, "containers")), false);

    assert.match((await machine.setUp("images")).text, /^ {2}images +7 there/m);
    assert.deepEqual(machine.called(), ["docker images --format {{.Repository}}:{{.Tag}} netboot-lab/*"]);
    assert.deepEqual(machine.files(), before, "nothing is written into the repository");

    appendFileSync(join(machine.repository, "test/images/client/Dockerfile"), "\n");
    await machine.setUp("images");
    assert.deepEqual(made(machine), ["client"]);
    appendFileSync(join(machine.repository, "test/images/base/make.sh"), "\n");
    await machine.setUp("images");
    assert.deepEqual(made(machine).sort(), [...all].sort());
});

test("files that are in the cache need no image", async () => {
    const machine = engine();
    await machine.setUp("images");
    const built = join(machine.folder, "built");
    machine.called();
    writeFileSync(built, readFileSync(built, "utf8").replace(/.*\/kernel:.*\n/, ""));
    await machine.setUp("images");
    assert.deepEqual(made(machine), []);
});

test("Ctrl-C while files are copied out leaves no container", async () => {
    const machine = engine();
    writeFileSync(join(machine.folder, "slow"), "");
    const child = machine.start("images");
    const end = ended(child);
    await until(() => existsSync(join(machine.folder, "containers")));
    child.kill("SIGINT");
    assert.equal((await end).code, 130);
    assert.equal(existsSync(join(machine.folder, "containers")), false);
    assert.deepEqual(readdirSync(join(machine.cache, "artifacts")).filter((name) => !name.endsWith(".new")), [], "half of the files are not taken for all");
});

test("Ctrl-C while an image's Python packages are fetched leaves nothing in the folder of temporary files", async () => {
    const machine = engine();
    machine.env.TMPDIR = join(machine.folder, "tmp");
    mkdirSync(machine.env.TMPDIR);
    machine.tool("python3", 'case "$*" in *download*) exec sleep 30;; esac; echo pip 23');
    const child = machine.start("peers");
    const end = ended(child);
    await until(() => readdirSync(machine.env.TMPDIR!).length > 0);
    child.kill("SIGINT");
    assert.equal((await end).code, 130);
    assert.deepEqual(readdirSync(machine.env.TMPDIR), []);
});

test("without a registry the base is made with debootstrap, which is installed if it is missing", async () => {
    const machine = engine();
    writeFileSync(join(machine.folder, "offline"), "");
    machine.tool("debootstrap", 'mkdir -p "$3/etc/apt"; echo deb mirror/debian "$2" main >"$3/etc/apt/sources.list"', join(machine.folder, "package"));
    machine.tool("apt-get", `cp ${machine.folder}/package/debootstrap ${machine.bin}`);
    const { code, text } = await machine.setUp("images");
    assert.equal(code, 0, text);
    assert.match(text, /^ {2}image baseDebian12 +No image registry answers, and debootstrap is missing: installing the packages debootstrap debian-archive-keyring\n {2}image baseDebian12 +made with debootstrap bookworm, as /m);
    assert.deepEqual(machine.called().filter((line) => /^(apt-get|debootstrap) /.test(line)).map((line) => line.split(" ")[0]), ["apt-get", "debootstrap", "debootstrap"]);
});

test("an image that can't be built is said with what the engine said and two ways to get it", async () => {
    const machine = engine();
    writeFileSync(join(machine.folder, "unbuildable"), "");
    const { code, text } = await machine.setUp("images");
    assert.equal(code, 1);
    assert.match(text, /\nThe image netboot-lab\/[^ ]+ can't be built: docker build .* ended with 1:\n +no route to the mirror\n.*\n {2}either let .*,\n {2}or load .*\.\n$/);
});
