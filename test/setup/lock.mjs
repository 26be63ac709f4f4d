// One set-up at a time for each cache: a second one waits for the first.
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { note, step, undoing } from "./step.mjs";
import { cacheDir } from "./where.mjs";

const lock = join(cacheDir, "lock");

/** What a file holds, or nothing where it is gone. */
function read(file) {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
        return "";
    }
}

/** A live process by its number and its start: after a crash, or a start of the machine, the number may be another's. */
function identity(pid) {
    const stat = read(`/proc/${pid}/stat`);
    return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
}

/** Who holds the lock, or nothing: then it is ours. */
function holder() {
    const ours = `${lock}.${process.pid}`;
    writeFileSync(ours, identity(process.pid));
    try {
        linkSync(ours, lock);                          // whole from the first moment on
        return undefined;
    } catch (error) {
        if (error.code !== "EEXIST") throw error;
    } finally {
        rmSync(ours);
    }
    const theirs = read(lock);
    const pid = theirs.split(" ")[0];
    if (theirs && theirs === identity(pid)) return `set-up ${pid}, which is running`;
    rmSync(lock, { force: true });
    return "a set-up that has ended";
}

export async function alone(work) {
    mkdirSync(cacheDir, { recursive: true });
    const first = holder();
    if (first)
        await step("waiting", async () => {
            for (let other = first; other; other = holder()) {
                note(`for ${other}`);
                await new Promise((next) => setTimeout(next, 300));
            }
            return `for ${first.split(",")[0]}`;
        });
    return undoing(() => rmSync(lock, { force: true }), work);
}
