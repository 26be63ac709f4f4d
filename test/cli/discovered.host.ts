// `netboot discovered` as far as it goes without a master: what it takes, what it refuses, and how it ends.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { masterServer } from "../adapter/inputs.ts";
import { startServer } from "../ssh/server.ts";

const folder = mkdtempSync(join(tmpdir(), "netboot-discovered-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const nowhere = { host: "127.0.0.1", port: 1, hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4vhUe5cXP6hjpWY7H7n6nIbMLHvUw0MHO4SCDq4XMd", password: "in-state-only" };
const lab = check(resourceType("MasterServer"), {}, { ...masterServer, __connection: nowhere } as any).inputs;
writeFileSync(join(folder, "state.json"), JSON.stringify({ deployment: { resources: [{ type: "pulumi-nodejs:dynamic/netboot:MasterServer", outputs: lab }] } }));
writeFileSync(join(folder, "pulumi"), `#!/bin/sh\ncat ${folder}/state.json\n`, { mode: 0o755 });

function netboot(...args: string[]): { code: number | null; err: string } {
    const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "../../sdk/dist/cli/main.js"), "discovered", ...args], { encoding: "utf8", env: { ...process.env, PATH: `${folder}:/usr/bin:/bin` } });
    return { code: status, err: stderr };
}

test("what is not said plainly is refused, with the usage", () => {
    const refused = (words: RegExp, ...args: string[]) => {
        const { code, err } = netboot(...args);
        assert.equal(code, 2, err);
        assert.match(err, words);
        assert.match(err, /netboot discovered --names 'pc-\{nn\}'/);
    };
    refused(/discovered knows no "remove", but forget/, "remove");
    refused(/discovered forget needs to know which/, "forget");
    refused(/and one of the three/, "forget", "--all", "--declared");
    refused(/takes no --names/, "forget", "--all", "--names", "pc-{n}");
    refused(/--declared is for discovered forget/, "--declared");
    refused(/--csv needs --names/, "--csv");
    refused(/--names "pc" has no place for what differs/, "--names", "pc");
    refused(/--names "a b\{n\}" gives no names/, "--names", "a b{n}");
});

test("a master that cannot be asked is an error with its name, and no secret", () => {
    const { code, err } = netboot();
    assert.equal(code, 1);
    assert.match(err, /^netboot: .*127\.0\.0\.1/);
    assert.ok(!err.includes("in-state-only"));
});

test("of several masters the one that is dead is named, and the others answer", async () => {
    const server = await startServer({ atOnce: "found\t52-54-00-00-00-07\t60\nfree\t3\nend\n" });
    const alive = { ...lab, host: "10.0.0.9", __connection: server.connection };
    writeFileSync(join(folder, "state.json"), JSON.stringify({ deployment: { resources: [lab, alive].map((outputs) => ({ type: "pulumi-nodejs:dynamic/netboot:MasterServer", outputs })) } }));
    const run = (...args: string[]) => new Promise<{ code: unknown; out: string; err: string }>((resolve) =>
        execFile(process.execPath, [join(import.meta.dirname, "../../sdk/dist/cli/main.js"), "discovered", ...args], { env: { ...process.env, PATH: `${folder}:/usr/bin:/bin` } }, (error, out, err) => resolve({ code: error?.code ?? 0, out, err })));
    const ended = await run("--json"), forgotten = await run("forget", "52:54:00:00:00:08");
    await server.close();
    assert.deepEqual([ended.code, forgotten.code], [1, 1]);
    assert.match(forgotten.err, /The masters that could be asked know no unknown machine with "52:54:00:00:00:08"\.\n$/);
    assert.equal(ended.code, 1);
    assert.match(ended.err, /^netboot: .*127\.0\.0\.1/);
    assert.deepEqual(JSON.parse(ended.out).map(({ mac }: { mac: string }) => mac), ["52:54:00:00:00:07"]);
});
