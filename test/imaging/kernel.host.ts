// Which packages the imaging system's kernel is taken from, by what apt says on Debian and on Ubuntu: the recipe itself, on an apt of shell that has no network.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { imaging } from "../../provider/dist/imaging/index.js";
import { stubClient } from "./stub.ts";

const stub = stubClient();
const folder = mkdtempSync(join(tmpdir(), "netboot-kernel-"));
after(() => (stub.remove(), rmSync(folder, { recursive: true, force: true })));

/** What the recipe says where apt knows this kernel by this name, with these packages. */
function asks(name: string, inst: string): string {
    const tool = (file: string, text: string) => writeFileSync(join(folder, file), `#!/bin/sh\nfor last; do :; done\n${text}\n`, { mode: 0o755 });
    // Of a name that only others provide it says nothing, and that all is well.
    tool("apt-cache", `case $last in ${name}) echo "Package: ${name}" ;; linux-image-generic) ;; *) exit 100 ;; esac`);
    tool("apt-get", `case "$*" in *download*) exit 1;; *"-s install ${name}") echo "${inst}";; *linux-image-*) echo "E: Unable to locate package $last" >&2; exit 100;; *) echo "Inst libc6 (2.36 x)";; esac`);
    tool("dpkg", "echo amd64");
    mkdirSync(join(folder, "out"), { recursive: true });
    const { script } = imaging({}, stub.folder);
    const over = ["apt-cache", "apt-get", "dpkg"].map((file) => `mount --bind ${folder}/${file} /usr/bin/${file}`).join(" && ");
    const user = process.getuid!() === 0 ? [] : ["-r"];
    return spawnSync("unshare", [...user, "-m", "sh", "-c", `${over} || exit 97; OUT=${folder}/out TMPDIR=${folder} exec sh -s`], { input: script, encoding: "utf8" }).stderr;
}

test("Debian's by the machine's architecture", () => {
    const inst = "Inst linux-image-6.1.0-40-amd64 (6.1.153-1 Debian:12/stable [amd64])\nInst linux-image-amd64 (6.1.153-1 Debian:12/stable [amd64])";
    assert.match(asks("linux-image-amd64", inst), /cannot download linux-image-6\.1\.0-40-amd64=6\.1\.153-1:/);
});

test("Ubuntu's by its name there, with the modules that lie in packages of their own, and no firmware of 500 MB", () => {
    const inst = ["linux-firmware (20240318", "linux-modules-6.8.0-31-generic (6.8.0-31.31", "linux-image-6.8.0-31-generic (6.8.0-31.31", "linux-modules-extra-6.8.0-31-generic (6.8.0-31.31", "linux-image-generic (6.8.0-31.31"]
        .map((one) => `Inst ${one} Ubuntu:24.04/noble [amd64])`).join("\n");
    assert.match(asks("linux-image-generic", inst), /cannot download (linux-(modules|image|modules-extra)-6\.8\.0-31-generic=6\.8\.0-31\.31[ :]){3}/);
});
