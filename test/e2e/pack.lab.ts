// What users install: the packed packages in an empty project outside the repository, type-checked, with a TypeScript program that previews.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pulumiEnv, root } from "../setup/where.mjs";

const folder = mkdtempSync(join(tmpdir(), "netboot-pack-"));
const project = join(folder, "site");
const run = (command: string, args: string[], cwd = project) =>
    execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...pulumiEnv(), PULUMI_HOME: join(folder, "home"), PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "", NODE_NO_WARNINGS: "1" } });
after(() => rmSync(folder, { recursive: true, force: true }));

const program = `import * as pulumi from "@pulumi/pulumi";
import * as netboot from "pulumi-netboot";
const { boot } = netboot;

const master = new netboot.MasterServer("lab", {
    connection: { host: "192.0.2.1", hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4vhUe5cXP6hjpWY7H7n6nIbMLHvUw0MHO4SCDq4XMd", privateKeyPath: "~/.ssh/id_ed25519" },
    address: "192.0.2.1", storage: {}, imaging: {}, installers: true,
});
const lan = new netboot.DhcpPool("lan", { master, subnet: "192.0.2.0/24", range: "192.0.2.50-192.0.2.99" });
const rescue = new netboot.KernelImage("rescue", { master, kernel: __filename, cmdline: "quiet" });
const menu = new netboot.BootMenu("seats", { master, title: "Seats", entries: [{ name: "rescue", label: "Rescue", boot: boot.kernel(rescue) }] });
export const next = new netboot.Machine("desk-01", { master, pool: lan, mac: "52:54:00:00:00:01", address: "192.0.2.20", boot: boot.menu(menu) }).nextBoot;
const image = new netboot.DiskImage("classroom", { master, source: { url: "http://192.0.2.9/classroom.img.zst", sha256: "${"1".repeat(64)}" } });
const golden = new netboot.Volume("golden", { master, size: "1GiB" });
const bookworm = new netboot.InstallerImage("bookworm", { master, family: "debian", package: { name: "debian-installer-12-netboot-amd64" }, template: "d-i x" });
export const outputs = pulumi.all([image.digest, image.url, golden.path, bookworm.digest]);
`;

before(() => {
    const packages = ["schema", "provider", "sdk"];
    const packed = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder, ...packages.flatMap((it) => ["-w", it])], root)) as { filename: string }[] | Record<string, { filename: string }>;
    const tarballs = Object.values(packed).map(({ filename }) => join(folder, filename.replace(/^@/, "").replace("/", "-")));
    assert.equal(tarballs.length, packages.length);
    const version = (name: string) => createRequire(join(root, "package.json"))(`${name}/package.json`).version as string;
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "site", private: true }));
    writeFileSync(join(project, "Pulumi.yaml"), "name: site\nruntime: nodejs\n");
    writeFileSync(join(project, "index.ts"), program);
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: { strict: true, noEmit: true, target: "ES2022", module: "nodenext", moduleResolution: "nodenext", types: ["node"] }, files: ["index.ts"] }));
    run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...tarballs, ...["@pulumi/pulumi", "typescript", "@types/node"].map((name) => `${name}@${version(name)}`)]);
});

test("the packages hold what they need and nothing of the repository", () => {
    const modules = join(project, "node_modules");
    for (const name of ["pulumi-netboot", "@pulumi-netboot/provider", "@pulumi-netboot/schema"]) {
        const files = readdirSync(join(modules, name), { recursive: true, encoding: "utf8" });
        assert.deepEqual(files.filter((file) => /\.tsbuildinfo$|(?<!\.d)\.ts$|\btest\b/.test(file)), [], name);
        assert.ok(!JSON.stringify(JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"))).includes("file:"));
    }
    assert.ok(existsSync(join(modules, ".bin", "netboot")), "npx netboot");
});

test("a program type-checks against them, field by field", () => {
    const tsc = join(project, "node_modules", ".bin", "tsc");
    run(tsc, ["-p", "."]);
    writeFileSync(join(project, "index.ts"), program.replace("range:", "ranges:"));
    assert.throws(() => run(tsc, ["-p", "."]), (error: { stdout: string }) => /'ranges' does not exist in type 'DhcpPoolArgs'/.test(error.stdout));
    writeFileSync(join(project, "index.ts"), program);
});

test("and previews with no network at all", () => {
    run("pulumi", ["stack", "init", "lab", "--non-interactive"]);
    const preview = run("pulumi", ["preview", "--diff", "--non-interactive", "--color", "never"]);
    assert.match(preview, /\+ 9 to create/);
    assert.match(preview, /\/srv\/netboot\/http\/mac\/52-54-00-00-00-01\.ipxe/);
    assert.match(preview, /next *: ".*menu seats/);
    assert.match(preview, /outputs *: \[\s*\[0\]: "1{64}"\s*\[1\]: "http:\/\/192\.0\.2\.1\/\S+"\s*\[2\]: "\/srv\/netboot\/volumes\/golden"\s*\[3\]: "[0-9a-f]{64}"/);
});
