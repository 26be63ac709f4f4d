// What set-up installs by the distribution's package tool: said before it starts, asked for on a terminal, once, and else said in words.
import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ended, Machine, until } from "./machine.ts";

const wanted = ["chromium", "curl", "dash", "mawk", "udpcast", "xxhash", "xz-utils", "zstd"].join(" ");
const command = `apt-get install --no-install-recommends ${wanted}`;
const called = `apt-get -y -o DPkg::Lock::Timeout=300 install --no-install-recommends ${wanted}`;
const announced = new RegExp(`^ {2}tools +Tools that tests run here are missing \\(awk, .*, zstd\\): installing the packages ${wanted}$`, "m");
const missing = new RegExp(`\nTools that tests run here are missing .*\n  either run \`${command}\` (yourself|as root \\(Debian, Ubuntu\\)),\n  or put them on PATH in another way\\.\n$`);

/** A Debian without the tools of the tests, where the package tool brings them once \`go\` is there. */
function debian(): Machine {
    const machine = new Machine();
    const tools = "awk blkid chromium curl dash debugfs e2image ip mkfs.ext4 sfdisk udp-sender xxhsum xz zstd";
    machine.tool("apt-get", `while [ ! -e ${machine.folder}/go ]; do sleep 0.05; done; for tool in ${tools}; do [ -e ${machine.bin}/$tool ] || ln -s sh ${machine.bin}/$tool; done`);
    return machine;
}
const go = (machine: Machine) => writeFileSync(join(machine.folder, "go"), "");

for (const [title, env] of [["without a terminal", {}], ["under CI", { CI: "1" }]] as const)
    test(`${title} it says what it installs, then installs it, and the next time there is nothing to do`, async () => {
        const machine = debian();
        Object.assign(machine.env, env);
        const before = machine.files();
        const child = machine.start("tools");
        let text = "";
        child.stderr!.on("data", (chunk) => (text += chunk));
        const end = ended(child);
        await until(() => existsSync(join(machine.folder, "called")));
        assert.match(text, announced, "said before the package tool has done anything");
        go(machine);
        assert.equal((await end).code, 0);
        assert.deepEqual(machine.called(), [called]);
        assert.match((await machine.setUp("tools")).text, /^ {2}tools +all there {2}\(\d\.\d s\)$/m);
        assert.deepEqual(machine.called(), []);
        assert.deepEqual(machine.files(), before);
    });

test("under CI it goes on at a terminal as well", async () => {
    const machine = debian();
    go(machine);
    machine.env.CI = "1";
    const { code, text } = await machine.atTerminal("tools", "n\r");
    assert.deepEqual([code, machine.called()], [0, [called]]);
    assert.doesNotMatch(text, /\[Y\/n\]/);
});

for (const answer of ["", "y"])
    test(`at a terminal it asks, and "${answer}" means yes`, async () => {
        const machine = debian();
        go(machine);
        const { code, text } = await machine.atTerminal("tools", `${answer}\r`);
        assert.deepEqual([code, machine.called()], [0, [called]], text);
        assert.match(text, announced);
    });

test("at a terminal \"n\" installs nothing and says the two ways to get it", async () => {
    const machine = debian();
    const { code, text } = await machine.atTerminal("tools", "n\r");
    assert.deepEqual([code, machine.called()], [1, []]);
    assert.match(text, missing);
});

test("Ctrl-C at the question is an interruption as at any other moment", async () => {
    const machine = debian();
    const { code, text } = await machine.atTerminal("tools", "\x03");
    assert.deepEqual([code, machine.called(), existsSync(join(machine.cache, "lock"))], [130, [], false], text);
});

test("where there is no package tool it says the two ways", async () => {
    const machine = debian();
    rmSync(join(machine.bin, "apt-get"));
    const { code, text } = await machine.setUp("tools");
    assert.equal(code, 1);
    assert.match(text, missing);
});

test("package lists that don't serve are refreshed once; where that does not help either, it says what the package tool said and the two ways", async () => {
    const machine = debian();
    machine.tool("apt-get", "echo 'E: Unable to locate package zstd' >&2; exit 100");
    const { code, text } = await machine.setUp("tools");
    assert.equal(code, 1);
    assert.deepEqual(machine.called().map((line) => line.split(" ")[4]), ["install", "update"]);
    assert.match(text, /the package lists don't serve; refreshing them\n/);
    assert.match(text, /Unable to locate package zstd\n[^]*\n {2}either .*,\n {2}or put them on PATH in another way\.\n$/);
});

test("packages that install well without what they were for are not called a success", async () => {
    const machine = debian();
    machine.tool("apt-get");
    const { code, text } = await machine.setUp("tools");
    assert.equal(code, 1);
    assert.match(text, /\nTools .*zstd\) after their packages were installed\n {2}either put .*,\n {2}or put them on PATH in another way\.\n$/);
});
