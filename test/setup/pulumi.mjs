// The Pulumi CLI with its Node.js language host: the one on PATH, else one made earlier, else the official installer's,
// else built from Go modules. All that is made lies in the cache.
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { go } from "./go.mjs";
import { announce, ask, missing, note, run, step } from "./step.mjs";
import { folderWith, pins, pulumiBuilt, pulumiChoice, root } from "./where.mjs";

const cannot = missing("The Pulumi CLI can't be built", "let Go reach its modules (GOPROXY),", `install the Pulumi CLI ${pins.pulumi} or newer and put it on PATH.`);
const parts = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

export const pulumi = () =>
    step("pulumi", async () => {
        const onPath = folderWith("pulumi");
        const found = onPath && (await usable(onPath));
        if (found) return use(onPath, `${found} in ${onPath}`);
        if (onPath) announce(`${join(onPath, "pulumi")} is older than ${pins.pulumi} or not whole; leaving it alone`);
        const earlier = await usable(pulumiBuilt);
        if (earlier) return use(pulumiBuilt, `${earlier}, made by an earlier set-up`);
        announce(`no Pulumi CLI ${pins.pulumi} or newer here: putting one into ${dirname(pulumiBuilt)}`);
        const how = (await install()) ?? (await buildIt());
        const made = await usable(pulumiBuilt);
        if (!made) throw new Error(`The Pulumi CLI in ${pulumiBuilt} does not work; remove that folder and try again`);
        return use(pulumiBuilt, `${made}, ${how}`);
    });

/** The version of the CLI in a folder, when it is whole and not older than the pinned one. */
async function usable(folder) {
    if (!parts.every((part) => existsSync(join(folder, part)))) return undefined;
    const version = await ask(join(folder, "pulumi"), ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } });
    const have = version?.match(/^v?(\d+)\.(\d+)\.(\d+)/)?.slice(1).map(Number);
    const want = pins.pulumi.split(".").map(Number);
    return have && have[0] === want[0] && (have[1] - want[1] || have[2] - want[2]) >= 0 ? version : undefined;
}

function use(folder, words) {
    mkdirSync(dirname(pulumiChoice), { recursive: true });
    writeFileSync(pulumiChoice, `${folder}\n`);
    return words;
}

/** The official installer, into the cache. Where the network refuses it, says so and returns undefined. */
async function install() {
    const home = dirname(pulumiBuilt);
    try {
        note("asking the official installer");
        const script = join(dirname(home), "install.sh");
        mkdirSync(home, { recursive: true });
        // By curl, which the installer itself needs, and which knows the way through a proxy.
        await run("curl", ["-fsSL", "--max-time", "10", "--output", script, "https://get.pulumi.com"]);
        await run("sh", [script, "--version", pins.pulumi, "--install-root", home, "--no-edit-path"], { timeout: 600_000 });
        if (await usable(pulumiBuilt)) return "by the official installer";
        throw new Error("what it installed is not whole");
    } catch (error) {
        rmSync(home, { recursive: true, force: true });
        announce(`the official installer can't be had (${reason(error)}); building from Go modules`);
        return undefined;
    }
}

/** Why it can't be had, as curl or the installer itself put it. */
const reason = ({ code, output, message }) => (code === "ENOENT" ? "there is no curl" : output?.trim().split("\n").pop() || message);

async function buildIt() {
    const work = join(dirname(pulumiChoice), "work");  // Go's downloads and objects: kept when a build fails, else removed
    const fresh = join(work, "made/bin");
    mkdirSync(fresh, { recursive: true });
    const env = { GOPATH: join(work, "go"), GOMODCACHE: join(work, "go/mod"), GOCACHE: join(work, "objects"), GOWORK: "off",
        GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -modcacherw -buildvcs=false" };
    const program = await go(env);
    const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pins.pulumi}`;
    const compile = (folder, output, name, ...more) =>
        run("nice", [program, "build", "-v", "-trimpath", ...more, "-ldflags", flags, "-o", join(fresh, output), name],
            { cwd: join(root, "test/setup", folder), env }).catch(cannot);
    await compile("pulumi-language-nodejs", parts[1], "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs");
    await compile("pulumi-cli", parts[0], "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "-tags", "osusergo,grpcnotrace");
    copyFileSync(join(root, "node_modules/@pulumi/pulumi", parts[2]), join(fresh, parts[2]));
    chmodSync(join(fresh, parts[2]), 0o755);
    const home = dirname(pulumiBuilt);
    rmSync(home, { recursive: true, force: true });
    renameSync(dirname(fresh), home);
    note("removing what the build left");
    await rm(work, { recursive: true, force: true });
    return "built from Go modules";
}
