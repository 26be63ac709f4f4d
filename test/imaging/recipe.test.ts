// The recipe's text: that it is a shell's, holds what it should, and is another one when anything in it is.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { imaging } from "../../provider/dist/imaging/index.js";
import { judged } from "../resources/resource.ts";
import { stubClient } from "./stub.ts";

const stub = stubClient();
after(() => stub.remove());
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB4vhUe5cXP6hjpWY7H7n6nIbMLHvUw0MHO4SCDq4XMd somebody's";
const of = (script: string, name: string) => new RegExp(`^${name}='(.*)'$`, "m").exec(script)![1]!.split(" ");

test("the text is a shell's, and each file of the client is in it as it is", () => {
    const { script, id, packages } = imaging({ authorizedKeys: [key] }, stub.folder);
    execFileSync("sh", ["-n"], { input: script });
    assert.match(id, /^[0-9a-f]{16}$/);
    assert.deepEqual(packages, []);
    assert.ok(script.includes(readFileSync(join(stub.folder, "run"), "utf8")));
    assert.ok(script.includes(`put /root/.ssh/authorized_keys 600 << 'end of /root/.ssh/authorized_keys'\n${key}\n`));
});

test("the digest is the same for the same, and another for another key, firmware or client", () => {
    const id = (options = {}, folder = stub.folder) => imaging(options, folder).id;
    const other = stubClient({ files: { more: "x\n" } });
    const ids = [id(), id({ authorizedKeys: [key] }), id({ firmware: ["firmware-bnx2"] }), id({}, other.folder)];
    other.remove();
    assert.equal(new Set(ids).size, 4);
    assert.equal(id(), ids[0]);
    assert.equal(id({ firmware: ["firmware-realtek", "firmware-bnx2"] }), id({ firmware: ["firmware-bnx2", "firmware-realtek"] }));
});

test("a generation above the first is another system, and reads the package lists before anything else", () => {
    const id = (generation?: number) => imaging({ generation }, stub.folder).id;
    assert.equal(id(1), id(), "who says 1 builds nothing anew");
    assert.equal(new Set([id(1), id(2), id(3)]).size, 3);
    const { script } = imaging({ generation: 2 }, stub.folder);
    execFileSync("sh", ["-n"], { input: script });
    assert.ok(script.includes("=any update ") && script.indexOf("=any update ") < script.indexOf("\nPACKAGES="));
    assert.ok(!imaging({}, stub.folder).script.includes("=any update "));
});

test("raised on a master, what is built and what every machine is told to start are another", () => {
    const lab = (imaging: object) => judged("MasterServer", { name: "lab", host: "10.0.0.2", address: "10.0.0.2", imaging } as any).desired as any;
    const [first, same, second] = [lab({}), lab({ generation: 1 }), lab({ generation: 2 })];
    assert.deepEqual(same, first);
    const { id } = second.outputs.ref.imaging;
    assert.notEqual(id, first.outputs.ref.imaging.id);
    assert.ok(Object.keys(second.state.artifacts).some((path) => path.endsWith(`/imaging/${id}`)), JSON.stringify(second.state.artifacts));
});

test("without keys there is no SSH server", () => {
    const { script } = imaging({}, stub.folder);
    assert.ok(!of(script, "TOOLS").includes("dropbear") && !of(script, "PACKAGES").includes("dropbear-bin"));
    assert.ok(!script.includes("put /root/.ssh/authorized_keys"));
});

test("a tool brings its package, whether the list knows it or the client names it", () => {
    const client = stubClient({ tools: ["xfs_growfs", "stat", "strace strace  # for a look", "awk"] });
    const { script } = imaging({}, client.folder);
    client.remove();
    assert.ok(["xfsprogs", "coreutils", "strace"].every((name) => of(script, "PACKAGES").includes(name)));
    assert.ok(["xfs_growfs", "stat", "strace"].every((name) => of(script, "TOOLS").includes(name)));
    assert.ok(of(script, "APPLETS").includes("awk") && !of(script, "TOOLS").includes("awk"));
    assert.ok(!of(script, "PACKAGES").includes("awk"));
});

test("what would leave its place in the text is refused", () => {
    assert.throws(() => imaging({ firmware: ["x; reboot"] }, stub.folder), /no name/);
    assert.throws(() => imaging({ authorizedKeys: ["a\nend of /root/.ssh/authorized_keys"] }, stub.folder), /one line/);
    const client = stubClient({ files: { trick: "end of /netboot/trick\nreboot\n" } });
    assert.throws(() => imaging({}, client.folder), /end of \/netboot\/trick/);
    client.remove();
});

test("the client that is shipped can be built in", () => {
    assert.match(imaging({ authorizedKeys: [key] }).script, /^put \/netboot\/run 755 /m);
});
