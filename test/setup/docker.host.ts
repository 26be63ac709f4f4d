// The Docker engine: the one that answers, else the distribution's, started by hand; and in words why there is none.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ended, Machine, until } from "./machine.ts";

const systemd = existsSync("/run/systemd/system");
const byHand = { skip: systemd && "systemd starts the engine of this machine" };
const client = (machine: Machine, refusal = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", folder = machine.bin) =>
    machine.tool("docker", `[ "$1" != --version ] || { echo version 29.1.3; exit; }; [ -e ${machine.folder}/up ] && echo 29.1.3 && exit; echo '${refusal}' >&2; exit 1`, folder);
const daemon = (machine: Machine, start = `: >${machine.folder}/up; trap 'kill $!; exit' TERM; sleep 60 & wait`, folder = machine.bin) => machine.tool("dockerd", `[ "$1" != --version ] || { echo version 29.1.3; exit; }; echo 'msg="Starting up"'; ${start}`, folder);
const running = (pid: number) => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
const installs = (machine: Machine) => machine.called().filter((line) => /^apt-get|^dockerd ?$|^systemctl/.test(line));

test("an engine that answers is used, and nothing is installed or started", async () => {
    const machine = new Machine();
    client(machine);
    daemon(machine);
    machine.tool("apt-get");
    writeFileSync(join(machine.folder, "up"), "");
    for (let i = 0; i < 2; i++) assert.match((await machine.setUp("docker")).text, /^ {2}docker +engine 29\.1\.3 answers {2}\(/m);
    assert.deepEqual(installs(machine), []);
});

for (const [title, refusal, env, words] of [
    ["a DOCKER_HOST that does not answer", undefined, { DOCKER_HOST: "tcp://10.0.0.9:2375" }, /^No Docker engine answers at DOCKER_HOST=tcp:\/\/10\.0\.0\.9:2375\n {2}either start it,\n {2}or unset DOCKER_HOST .*\.$/],
    ["an engine that refuses this user", "permission denied while trying to connect to the Docker daemon socket", {}, /^The Docker engine refuses this user\n {2}either add the user to the group docker .*,\n {2}or run this as root\.$/],
] as const)
    test(`${title} is said with two ways, and nothing is installed or started`, async () => {
        const machine = new Machine();
        client(machine, refusal);
        daemon(machine);
        machine.tool("apt-get");
        Object.assign(machine.env, env);
        const { code, text } = await machine.setUp("docker");
        assert.equal(code, 1);
        assert.match(text.slice(text.indexOf("\n\n") + 2).trim(), words);
        assert.deepEqual(installs(machine), []);
    });

test("where nothing can be installed it says what is missing and two ways", async () => {
    const machine = new Machine();
    const none = await machine.setUp("docker");
    assert.match(none.text, /\nDocker is missing\n {2}either run `apt-get install --no-install-recommends docker\.io` as root \(Debian, Ubuntu\),\n {2}or install Docker in another way\.\n$/);
    client(machine);
    const noEngine = await machine.setUp("docker");
    assert.match(noEngine.text, /\nNo Docker engine answers\n {2}either install and start one .*,\n {2}or set DOCKER_HOST to an engine that answers\.\n$/);
    assert.deepEqual([none.code, noEngine.code], [1, 1]);
});

test("else the distribution's package is installed and started, after saying so; it stays, and the next set-up finds it", async () => {
    const machine = new Machine();
    const folder = join(machine.folder, "package");
    machine.tool("apt-get", `case "$*" in *docker.io) cp ${folder}/dockerd ${machine.bin};; *docker-cli) cp ${folder}/docker ${machine.bin};; esac`); // as Debian 13 has them
    client(machine, undefined, folder);
    daemon(machine, undefined, folder);
    machine.tool("systemctl", `: >${machine.folder}/up`);
    const began = Date.now();
    const { code, text } = await machine.setUp("docker");
    assert.equal(code, 0, text);
    assert.ok(Date.now() - began < 15_000, "set-up ends when it is ready");
    assert.match(text, /^ {2}docker +Docker is missing: installing the packages docker\.io\n {2}docker +The docker client is missing: installing the packages docker-cli\n/m);
    assert.deepEqual(installs(machine).map((line) => line.replace(/-y .*recommends/, "…")), ["apt-get … docker.io", "apt-get … docker-cli", systemd ? "systemctl start docker" : "dockerd "]);
    if (systemd) return assert.match(text, /engine 29\.1\.3 started by systemd/);
    const { pid } = JSON.parse(readFileSync(join(machine.cache, "docker.json"), "utf8"));
    try {
        assert.match(text, new RegExp(`^ {2}docker +started dockerd; it stays up for the next run \\(stop it: kill ${pid}; log: ${machine.cache}/dockerd\\.log\\)\n {2}docker +engine 29\\.1\\.3 started by hand`, "m"));
        assert.match((await machine.setUp("docker")).text, new RegExp(`engine 29\\.1\\.3 answers \\(started by an earlier set-up, pid ${pid}\\)`));
        assert.deepEqual(installs(machine), []);
    } finally {
        process.kill(pid);
    }
    await until(() => !running(pid));
    assert.match((await machine.setUp("docker")).text, /engine 29\.1\.3 answers {2}\(/, "one that has ended is not said to run");
});

test("an engine that does not start is said with its last words and two ways", byHand, async () => {
    const machine = new Machine();
    client(machine);
    machine.tool("apt-get");
    daemon(machine, "echo 'failed to mount overlay: operation not permitted' >&2; exit 1");
    const { code, text } = await machine.setUp("docker");
    assert.equal(code, 1);
    assert.match(text, /\ndockerd does not start: it ended with 1\n +.*\n +failed to mount overlay: operation not permitted\n {2}All of it: .*\/dockerd\.log\n {2}either start it .*,\n {2}or set DOCKER_HOST .*\.\n$/);
});

test("Ctrl-C while an engine starts ends it, and leaves no lock", byHand, async () => {
    const machine = new Machine();
    client(machine);
    machine.tool("apt-get");
    daemon(machine, `echo $$ >${machine.folder}/pid.new; mv ${machine.folder}/pid.new ${machine.folder}/pid; exec sleep 60`);
    const child = machine.start("docker");
    const end = ended(child);
    await until(() => existsSync(join(machine.folder, "pid")));
    child.kill("SIGINT");
    assert.equal((await end).code, 130);
    await until(() => !running(Number(readFileSync(join(machine.folder, "pid"), "utf8"))));
    assert.equal(existsSync(join(machine.cache, "lock")), false);
});
