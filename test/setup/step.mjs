// How a step shows itself and how it runs commands: one line a step, progress for whatever takes over two seconds.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { cacheDir } from "./where.mjs";

/** What can't be had, in one message: what is missing and the ways to get it. */
export class Missing extends Error {
    constructor(what, ...ways) {
        super(`${what}\n${ways.map((way, i) => `  ${i ? "or" : "either"} ${way}`).join("\n")}`);
    }
}

/** For what can't be had because a command failed: says what that said as well. */
export const missing = (what, ...ways) => (error) => {
    throw new Missing(`${what}: ${error.message}`, ...ways);
};

const live = process.stderr.isTTY && !process.env.CI;
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
let asking = false;
let current = { name: "", since: 0, note: "" };

/** Runs `work` as a named step. It returns what it found or did; that becomes the step's line. */
export async function step(name, work) {
    current = { name, since: Date.now(), note: "" };
    const progress = () => {
        if (asking) return;
        const width = process.stderr.columns ?? 100;
        const line = `  ${name.padEnd(22)} … ${seconds(current.since)}  ${current.note}`;
        process.stderr.write(live ? `\r\x1b[K${line.slice(0, width - 1)}` : `${line.slice(0, 160)}\n`);
    };
    let repeat;
    const first = setTimeout(() => {
        progress();
        repeat = setInterval(progress, live ? 250 : 10_000);
    }, 2_000);
    try {
        const done = await work();
        if (live) process.stderr.write("\r\x1b[K");
        process.stderr.write(`  ${name.padEnd(22)} ${done}  (${seconds(current.since)})\n`);
    } finally {
        clearTimeout(first);
        clearInterval(repeat);
        if (live) process.stderr.write("\r\x1b[K");
    }
}

/** Changes the words beside the running step's clock. */
export const note = (text) => void (current.note = text.replace(/[^\x20-\x7e…]/g, " ").trim());

/** Puts a question on the terminal, with the progress line out of its way. */
export async function question(text) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT")); // its Ctrl-C is set-up's, as it is at any other moment
    asking = true;
    try {
        return (await terminal.question(`    ${text} `)).trim();
    } finally {
        asking = false;
        terminal.close();
    }
}

/** Says something that must not be missed, on a line of its own. */
export const announce = (text) => void process.stderr.write(`${live ? "\r\x1b[K" : ""}  ${current.name.padEnd(22)} ${text}\n`);

/** Does `work`, then `undo`, as an interruption in the middle does. That waits for no promise, so `undo` makes none. */
export async function undoing(undo, work) {
    process.on("exit", undo);
    try {
        return await work();
    } finally {
        process.off("exit", undo);
        undo();
    }
}

const running = new Set();
process.on("exit", () => {                             // an interrupted set-up takes its commands with it
    for (const child of running) stop(child);
});

/** Ends a command and what it has started. */
function stop(child) {
    try {
        process.kill(-child.pid, "SIGTERM");
    } catch (error) {
        if (error.code !== "ESRCH") throw error;       // it has just ended by itself
    }
}

/**
 * Runs a command to its end. Its last line of output is the step's note, all of it goes to the step's log.
 * Rejects with the last lines when it fails. `quick` commands are questions and leave no log;
 * those that must `finish` do so even when set-up is interrupted.
 */
export function run(command, args, { cwd, env, timeout, quick = false, finish = false } = {}) {
    const log = quick ? undefined : join(cacheDir, "logs", `${current.name.replace(/\W+/g, "-")}.log`);
    if (log) mkdirSync(join(cacheDir, "logs"), { recursive: true });
    return new Promise((resolve, reject) => {
        const file = log && createWriteStream(log, { flags: "a" });
        file?.write(`\n${new Date().toISOString()} $ ${command} ${args.join(" ")}\n`);
        const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, detached: true, stdio: ["ignore", "pipe", "pipe"] });
        if (!finish) child.on("spawn", () => running.add(child));
        const limit = timeout && setTimeout(() => child.pid && stop(child), timeout);
        let out = "", both = "";
        const take = (keep) => (chunk) => {
            if (keep) out += chunk;
            both = (both + chunk).slice(-20_000);
            file?.write(chunk);
            const last = String(chunk).trim().split(/[\r\n]+/).pop();
            if (!quick && last) note(last);
        };
        child.stdout.on("data", take(true));
        child.stderr.on("data", take(false));
        child.on("exit", () => running.delete(child));
        child.on("error", (error) => {
            clearTimeout(limit);
            reject(Object.assign(error, { output: "" }));
        });
        child.on("close", (code, signal) => {
            clearTimeout(limit);
            file?.end();
            if (code === 0) return resolve(out.trim());
            const why = signal ? `was stopped by ${signal}${timeout ? ` (limit ${timeout / 1000} s)` : ""}` : `ended with ${code}`;
            const tail = both.trim().split("\n").slice(-15).map((line) => `    ${line}`).join("\n");
            reject(Object.assign(new Error(`${command} ${args.slice(0, 4).join(" ")} ${why}:\n${tail}${log ? `\n  All of it: ${log}` : ""}`),
                { code, signal, output: both }));
        });
    });
}

/** The output of a question asked of a command, or undefined where the command is absent or says no. */
export const ask = (command, args, options) => run(command, args, { ...options, quick: true }).catch(() => undefined);
