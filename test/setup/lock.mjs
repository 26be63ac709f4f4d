// One set-up at a time for each cache: a second one waits for the first.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { note, step } from "./step.mjs";
import { cacheDir } from "./where.mjs";

const lock = join(cacheDir, "lock");

/** Who holds the lock: a live process, or nobody (then the lock of a dead one is gone). */
function holder() {
    try {
        writeFileSync(lock, String(process.pid), { flag: "wx" });
        return undefined;
    } catch (error) {
        if (error.code !== "EEXIST") throw error;
    }
    const pid = Number(readFileSync(lock, "utf8"));
    try {
        if (pid) process.kill(pid, 0);
        return pid || "another set-up";
    } catch (error) {
        if (error.code === "EPERM") return pid;        // alive, another user's
        rmSync(lock, { force: true });
        return "a set-up that has just ended";
    }
}

export async function alone(work) {
    mkdirSync(cacheDir, { recursive: true });
    const first = holder();
    if (first)
        await step("waiting", async () => {
            for (let other = first; other; other = holder()) {
                note(`for set-up ${other}, which is running`);
                await new Promise((next) => setTimeout(next, 300));
            }
            return `for set-up ${first}`;
        });
    const release = () => rmSync(lock, { force: true });
    process.on("exit", release);
    try {
        return await work();
    } finally {
        release();
        process.off("exit", release);
    }
}
