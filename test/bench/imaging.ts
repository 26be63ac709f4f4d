// `npm run bench -- imaging`: the imaging system's own scripts on this machine's processor and disk, which no emulation slows; against what these can do, and against the pipeline of `wget`, `gzip` and `dd`.
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { gzipSync } from "node:zlib";
import { MIB } from "../image/disk.ts";
import { serve } from "../imaging/image.ts";
import { job, Machine, MACHINE, NONCE } from "../imaging/machine.ts";
import { type Master, startMaster } from "../imaging/server.ts";
import { content } from "./cloning.ts";
import type { Row } from "./table.ts";

const ROUNDS = 3;
const stubs = join(import.meta.dirname, "../imaging/stubs");

/** In place of what a plain file is not or this machine must not do; all else is what is installed. */
function tools(): { path: string; remove(): void } {
    const folder = mkdtempSync(join(tmpdir(), "bench-"));
    for (const name of ["blockdev", "lsblk", "poweroff", "reboot"]) copyFileSync(join(stubs, name), join(folder, name));
    // A disk that makes zeros without writing them, as most that are no plain disks do.
    writeFileSync(join(folder, "blkdiscard"), '#!/bin/sh\n# --force --zeroout --offset N --length N FILE\nexec fallocate --zero-range --offset "$4" --length "$6" "$7"\n');
    chmodSync(join(folder, "blkdiscard"), 0o755);
    return { path: [folder, process.env["PATH"], "/usr/sbin", "/sbin"].join(delimiter), remove: () => rmSync(folder, { recursive: true }) };
}

async function timed(command: string): Promise<number> {
    const began = performance.now();
    const status = await new Promise((done) => spawn("sh", ["-c", command], { stdio: "ignore" }).on("close", done));
    if (status !== 0) throw new Error(`${command}: exit status ${status}`);
    return (performance.now() - began) / 1000;
}

async function clone(master: Master, digest: string, size: number, verify: string, zeroes: boolean, path: string): Promise<number> {
    master.files.set(`/orders/${MACHINE}/job`, job(digest, { verify }));
    master.files.set(`/claims/${NONCE}/open`, Buffer.alloc(0));
    const machine = new Machine(master, [{ name: "sda", size, zeroes }]);
    try {
        const began = performance.now();
        const ended = await machine.run({ PATH: path });
        if (ended !== "reboots") throw new Error(`${ended}: ${machine.output}`);
        return (performance.now() - began) / 1000;
    } finally {
        machine.remove();
    }
}

const median = (all: number[]) => all.sort((a, b) => a - b)[all.length >> 1]!;

export async function imaging(mib: number, add: (row: Row) => void): Promise<void> {
    const raw = content(mib * MIB), image = serve(raw), { path, remove } = tools();
    const master = await startMaster();
    const file = join(mkdtempSync(join(tmpdir(), "bench-")), "disk");
    try {
        for (const [name, data] of image.files) master.files.set(name, data);
        master.files.set("/bench.gz", gzipSync(raw));
        const packed = [...image.files].filter(([name]) => name.endsWith(".zst")).map(([name]) => `url = "${master.url}${name}"\noutput = /dev/null\n`).join("");
        writeFileSync(`${file}.urls`, packed);
        const rounds: Record<string, number[]> = {};
        const round = async (what: string, took: () => Promise<number>) => void (rounds[what] ??= []).push(await took());
        for (let n = 0; n < ROUNDS; n++) {
            await round("download", () => timed(`curl -q -sS -K ${file}.urls`));
            await round("write", () => timed(`truncate -s 0 ${file}; truncate -s ${mib}M ${file}; dd if=/dev/zero of=${file} bs=4M count=${mib / 4} oflag=direct conv=fsync,notrunc`));
            await round("pipeline", () => timed(`truncate -s 0 ${file}; truncate -s ${mib}M ${file}; wget -q -O - ${master.url}/bench.gz | gzip -d | dd of=${file} bs=1M conv=notrunc,fsync`));
            for (const verify of ["stream", "sampled", "full"]) await round(verify, () => clone(master, image.digest, mib * MIB, verify, true, path));
            await round("plain", () => clone(master, image.digest, mib * MIB, "stream", false, path));
        }
        const took = Object.fromEntries(Object.entries(rounds).map(([what, all]) => [what, median(all)])) as Record<string, number>;
        const what = `clone of ${mib} MiB by the scripts alone`;
        const [slower, which] = took.write! > took.download! ? [took.write!, "writing as much zeros to the disk"] : [took.download!, "downloading it to nowhere"];
        add({ what: `${what}, verify: stream`, seconds: took.stream!, base: slower, against: which, aim: 1.1 });
        add({ what: `${what}, verify: stream, to a disk that has to write zeros`, seconds: took.plain!, base: slower, against: which, aim: 1.1 });
        for (const verify of ["sampled", "full"]) add({ what: `${what}, verify: ${verify}`, seconds: took[verify]!, base: took.stream!, against: "verify: stream", aim: 2 });
        add({ what: `${what}, verify: stream`, seconds: took.stream!, base: took.pipeline!, against: "wget | gzip -d | dd, nothing proved", aim: 0.33 });
        console.log(Object.entries(rounds).map(([name, all]) => `${name}: ${all.map((one) => one.toFixed(2)).join(", ")} s`).join("\n"));
    } finally {
        await master.close();
        rmSync(join(file, ".."), { recursive: true });
        remove();
    }
}
