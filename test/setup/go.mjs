// A Go that is new enough to build the Pulumi CLI: the machine's, or one fetched through the machine's older one.
import { chmodSync, readdirSync } from "node:fs";
import { arch, platform } from "node:os";
import { join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { announce, ask, run } from "./step.mjs";
import { pins } from "./where.mjs";

const number = (text) => text?.match(/go(\d+)\.(\d+)/)?.slice(1).map(Number);
const atLeast = (have, want) => have && (have[0] - want[0] || have[1] - want[1]) >= 0;

/** The path of a Go that can build; `env` says where its downloads go. */
export async function go(env) {
    const version = () => ask("go", ["version"], { env: { GOTOOLCHAIN: "local" } });
    let found = number(await version());
    if (!found) {
        await aptInstall(["golang-go", "ca-certificates"], "Neither the Pulumi CLI nor Go, to build it, is there",
            `install the Pulumi CLI ${pins.pulumi} or newer, or Go ${pins.go} or newer, and put it on PATH.`);
        found = number(await version());
    }
    if (atLeast(found, number(`go${pins.go}`))) return "go";
    announce(`Go ${found?.join(".")} is too old; fetching Go ${pins.go} through it, for this build only`);
    const name = `golang.org/toolchain@v0.0.1-go${pins.go}.${platform()}-${{ x64: "amd64" }[arch()] ?? arch()}`;
    const { Dir } = JSON.parse(await run("go", ["mod", "download", "-json", name], { env: { ...env, GOFLAGS: "-modcacherw" } }));
    // Modules hold no executable bits; a toolchain's programs need them.
    for (const folder of ["bin", ...tools(Dir)])
        for (const file of readdirSync(join(Dir, folder))) chmodSync(join(Dir, folder, file), 0o755);
    return join(Dir, "bin/go");
}

const tools = (dir) => readdirSync(join(dir, "pkg/tool")).map((platform) => join("pkg/tool", platform));
