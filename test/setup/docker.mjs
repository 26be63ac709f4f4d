// A Docker engine that answers: the one at hand (DOCKER_HOST counts), else the distribution's, started by hand.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptInstall, canInstall } from "./apt.mjs";
import { announce, ask, Missing, note, run, step } from "./step.mjs";
import { cacheDir } from "./where.mjs";

const state = join(cacheDir, "docker.json");           // the engine that set-up started: { pid, log }
const version = () => ask("docker", ["version", "--format", "{{.Server.Version}}"], { timeout: 20_000 });
const otherWay = "set DOCKER_HOST to an engine that answers.";

export const docker = () => step("docker", engine);

async function engine() {
    const found = await version();
    if (found) return `engine ${found} answers${startedByUs()}`;
    const noClient = async () => !(await ask("docker", ["--version"]));
    if (await noClient()) await aptInstall(["docker.io"], "Docker is missing", "install Docker in another way.");
    // Debian 12 ships the client in docker.io; from Debian 13 on it is a package of its own.
    if (await noClient()) await aptInstall(["docker-cli"], "The docker client is missing", "put `docker` on PATH.");
    const now = await version();
    if (now) return `engine ${now} answers, installed`;
    await whyNot();
    if (!(await ask("dockerd", ["--version"]))) await aptInstall(["docker.io"], "A Docker engine is missing", otherWay);
    if (existsSync("/run/systemd/system")) {
        note("starting it");
        await run("systemctl", ["start", "docker"]);
        return `engine ${await answers(() => undefined)} started by systemd`;
    }
    return startByHand();
}

/** An engine that is there but refuses us needs no installation, only words. */
async function whyNot() {
    const words = await run("docker", ["version"], { quick: true }).catch((error) => error.output || error.message);
    if (/permission denied/i.test(words))
        throw new Missing("The Docker engine refuses this user", "add the user to the group docker and log in again,", "run this as root.");
    if (process.env.DOCKER_HOST)
        throw new Missing(`No Docker engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}`, "start it,", "unset DOCKER_HOST to use this machine's own.");
    if (!canInstall())
        throw new Missing("No Docker engine answers", "install and start one (Debian: `apt-get install docker.io` as root),", otherWay);
}

async function startByHand() {
    mkdirSync(cacheDir, { recursive: true });
    const log = join(cacheDir, "dockerd.log");
    const out = openSync(log, "a");
    const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", out, out] });
    const stop = () => process.kill(child.pid, "SIGTERM"); // nothing half-started stays behind
    let ended;
    process.on("exit", stop);
    child.on("error", (error) => (ended = error.message));
    child.on("exit", (code, signal) => (ended = `it ended with ${code ?? signal}`));
    try {
        note("starting dockerd");
        const answer = await answers(() => ended);
        writeFileSync(state, JSON.stringify({ pid: child.pid, log }));
        child.unref();
        process.off("exit", stop);
        announce(`started dockerd; it stays up for the next run (stop it: kill ${child.pid}; log: ${log})`);
        return `engine ${answer} started by hand`;
    } catch (error) {
        process.off("exit", stop);
        if (!ended) stop();
        rmSync(state, { force: true });
        const tail = readFileSync(log, "utf8").trim().split("\n").slice(-8).map((line) => `    ${line}`).join("\n");
        throw new Missing(`dockerd does not start: ${error.message}\n${tail}\n  All of it: ${log}`, "start it by another way,", otherWay);
    }
}

async function answers(ended) {
    for (const until = Date.now() + 60_000; Date.now() < until; ) {
        const answer = await version();
        if (answer) return answer;
        if (ended()) throw new Error(ended());
        await new Promise((next) => setTimeout(next, 300));
    }
    throw new Error("it does not answer within 60 s");
}

function startedByUs() {
    if (!existsSync(state)) return "";
    const { pid } = JSON.parse(readFileSync(state, "utf8"));
    const program = `/proc/${pid}/cmdline`;            // after a start of the machine another process may have the number
    return existsSync(program) && readFileSync(program, "utf8").includes("dockerd") ? ` (started by an earlier set-up, pid ${pid})` : "";
}
