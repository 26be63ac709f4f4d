// Set-up as a whole: what it needs, what it shows, one at a time, and what an interruption leaves.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ended, Machine, until } from "./machine.ts";

const lock = (machine: Machine) => join(machine.cache, "lock");
const locks = (machine: Machine) => readdirSync(machine.cache).filter((name) => name.startsWith("lock"));

/** Whether a process runs: one that has ended and that nobody has asked about has no words left. */
const running = (pid: string) => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";

/** A machine with an engine that answers once the test lets it. */
function slow(): { machine: Machine; go: () => void } {
    const machine = new Machine();
    machine.tool("docker", `while [ ! -e ${machine.folder}/go ]; do sleep 0.05; done; echo 29.1.3`);
    return { machine, go: () => writeFileSync(join(machine.folder, "go"), "") };
}

test("a Node that is too old is told so, with two ways to a newer one, before anything else is read", async () => {
    const machine = new Machine();
    writeFileSync(join(machine.repository, "test/setup/ready.mjs"), "words that no Node knows");
    const { code, text } = await machine.setUp("docker", [], ["--import", 'data:text/javascript,Object.defineProperty(process.versions, "node", { value: "18.20.8" })']);
    assert.equal(code, 1);
    assert.match(text, /^\nNode 18\.20\.8 is too old: .*\n {2}either .*nodejs\.org.*,\n {2}or .*\n$/);
    assert.deepEqual(machine.called(), []);
});

test("what is asked for wrongly is refused with the usage", async () => {
    const { code, text } = await new Machine().setUp("docker,podman");
    assert.equal(code, 1);
    assert.match(text, /^\nSet-up does not know podman\. Usage: main\.mjs \[--only npm,tools,/);
});

test("a step that takes over two seconds shows a line while it runs, and every step says how long it took", async () => {
    const machine = new Machine();
    machine.tool("docker", "sleep 2.4; echo 29.1.3");
    const { code, text } = await machine.setUp("docker");
    assert.equal(code, 0);
    assert.match(text, /^Set-up: docker\n {2}docker +… [2-9]\.\d s {2}\n {2}docker +engine 29\.1\.3 answers {2}\([2-9]\.\d s\)\nReady in [2-9]\.\d s\n$/);
});

test("a second set-up waits for the first, and says for whom", async () => {
    const { machine, go } = slow();
    const first = machine.start("docker");
    const firstEnd = ended(first);
    await until(() => existsSync(lock(machine)));
    const second = ended(machine.start("docker"));
    await new Promise((next) => setTimeout(next, 400));
    assert.deepEqual(machine.called().length, 1, "the second one has not begun");
    go();
    assert.deepEqual([(await firstEnd).code, (await second).code], [0, 0]);
    assert.match((await second).text, /^ {2}waiting +for set-up \d+ {2}\(\d\.\d s\)\n {2}docker +engine/m);
    assert.deepEqual(locks(machine), []);
});

for (const [title, text] of [["a process that has ended", "4194305 1"], ["another process that has got its number since", `${process.pid} 1`], ["nobody, as its holder was killed before it could sign", ""]])
    test(`a lock of ${title} is taken over`, async () => {
        const machine = new Machine();
        machine.tool("docker", "echo 29.1.3");
        mkdirSync(machine.cache, { recursive: true });
        writeFileSync(lock(machine), text!);
        assert.equal((await machine.setUp("docker")).code, 0);
        assert.deepEqual(locks(machine), []);
    });

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    test(`${signal} ends set-up and what it runs, and leaves no lock`, async () => {
        const { machine } = slow();
        machine.tool("docker", `echo $$ >${machine.folder}/pid; exec sleep 30`);
        const child = machine.start("docker");
        const end = ended(child);
        await until(() => existsSync(join(machine.folder, "pid")));
        child.kill(signal);
        assert.equal((await end).code, { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
        assert.deepEqual(locks(machine), []);
        await until(() => !running(readFileSync(join(machine.folder, "pid"), "utf8").trim()));
    });
