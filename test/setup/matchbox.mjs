// matchbox, which the benchmark runs beside a master: built from its Go module when a benchmark first asks for it, into the cache.
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { go } from "./go.mjs";
import { run, step } from "./step.mjs";
import { cacheDir, pins, root } from "./where.mjs";

const built = join(cacheDir, "matchbox", `v${pins.matchbox}`, "matchbox");

/** The path of the program. */
export async function matchbox() {
    await step("matchbox", async () => {
        if (existsSync(built)) return "made by an earlier benchmark";
        const work = join(cacheDir, "matchbox", "work");
        const env = { GOPATH: join(work, "go"), GOMODCACHE: join(work, "go/mod"), GOCACHE: join(work, "objects"), GOWORK: "off", GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -modcacherw -buildvcs=false" };
        await run("nice", [await go(env), "build", "-v", "-trimpath", "-ldflags", "-s -w", "-o", join(work, "matchbox"), "github.com/poseidon/matchbox/cmd/matchbox"], { cwd: join(root, "test/setup/matchbox"), env });
        mkdirSync(dirname(built), { recursive: true });
        renameSync(join(work, "matchbox"), built);
        await rm(work, { recursive: true, force: true });
        return "built from its Go module";
    });
    return built;
}
