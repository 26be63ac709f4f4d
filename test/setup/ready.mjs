// The steps of set-up, one after the other; then the program that they were for.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { docker } from "./docker.mjs";
import { disks, images, peers } from "./images.mjs";
import { alone } from "./lock.mjs";
import { build, npm } from "./npm.mjs";
import { pulumi } from "./pulumi.mjs";
import { Missing } from "./step.mjs";
import { tools } from "./tools.mjs";
import { pulumiEnv, root } from "./where.mjs";

const steps = { npm: [npm, build], tools: [tools], pulumi: [pulumi], docker: [docker], images: [images], peers: [peers], disks: [disks] };

function fail(message) {
    process.stderr.write(`\n${message}\n`);
    process.exit(1);
}

function parse(args) {
    const then = args.indexOf("--then");
    const ours = then < 0 ? args : args.slice(0, then);
    const [flag, list, ...rest] = ours;
    const only = flag === "--only" && list ? list.split(",") : Object.keys(steps).filter((name) => name !== "disks");
    const unknown = [...(flag && flag !== "--only" ? ours : rest), ...only.filter((name) => !steps[name])];
    if (unknown.length) fail(`Set-up does not know ${unknown.join(" ")}. Usage: main.mjs [--only ${Object.keys(steps).join(",")}] [--then FILE args…]`);
    return { only, then: then < 0 ? [] : args.slice(then + 1) };
}

/** Runs the program with the repository's own Node, and ends as it ends. */
function hand(then) {
    const child = spawn(join(root, "node_modules/.bin/node"), then, { stdio: "inherit", env: { ...process.env, ...pulumiEnv() } });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
        process.on(signal, () => {
            // A terminal has sent its Ctrl-C to the program as well; twice would mean "at once".
            if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
        });
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

const { only, then } = parse(process.argv.slice(2));
const interrupted = (signal) => process.exit(128 + constants.signals[signal]);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, interrupted);
const began = Date.now();
try {
    process.stderr.write(`Set-up: ${only.join(", ")}\n`);
    await alone(async () => {
        for (const name of only) for (const each of steps[name]) await each();
    });
    process.stderr.write(`Ready in ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
} catch (error) {
    fail(error instanceof Missing || !process.env.DEBUG ? error.message : error.stack);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, interrupted);
if (then.length) hand(then);
