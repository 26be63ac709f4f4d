// `npm run bench -- cloning`: a disk image and a machine; ours against what the network and the disk can do, and against the pipeline of `wget`, `gzip` and `dd`; then four machines, by unicast and by multicast.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { MIB, noise } from "../image/disk.ts";
import type { Lab } from "../lab/lab.ts";
import { startMaster } from "../lab/master.ts";
import { openMachines, type Shell } from "./imaged.ts";
import type { Row } from "./table.ts";

/** Four machines on two processors unpack and write about so much together; what comes faster is let go, and sent again to each. */
const RATE = "30m";

/** A quarter of the disk is used: a program's code and data, which packs to a third, and a little that does not pack. */
export function content(size: number): Buffer {
    const program = readFileSync(process.execPath);
    const programs = Buffer.concat(Array<Buffer>(Math.ceil(size / 4 / program.length)).fill(program)).subarray(0, (size / 32) * 7);
    const used = Buffer.concat([programs, noise("bench", size / 32)]);
    const disk = Buffer.concat([Buffer.alloc(MIB), used, Buffer.alloc(size - MIB - used.length)]);
    disk.writeUInt16LE(0xaa55, 510);
    return disk;
}

async function timed(shell: Shell, command: string): Promise<number> {
    await shell("sync; echo 3 >/proc/sys/vm/drop_caches");
    const began = Date.now();
    await shell(command);
    return (Date.now() - began) / 1000;
}

export async function cloning(lab: Lab, mib: number, add: (row: Row) => void): Promise<void> {
    const master = await startMaster(lab);
    const image = join(lab.folder, "bench.img");
    const raw = content(mib * MIB);
    const what = `clone of ${mib} MiB`;
    writeFileSync(image, raw);
    using machines = await openMachines(lab, master, image, { multicast: { rate: RATE, machines: 4, wait: 120 } });
    const shell = await machines.add();
    await master.container.copyContentToContainer([
        { target: "/srv/netboot/http/bench.zst", content: zstdCompressSync(raw) },
        { target: "/srv/netboot/http/bench.gz", content: gzipSync(raw) },
    ]);
    const at = `http://${master.host}/bench`;
    const download = await timed(shell, `curl -s -o /dev/null ${at}.zst`);
    const write = await timed(shell, `dd if=/dev/zero of=/dev/vda bs=4M count=${mib / 4} oflag=direct conv=fsync 2>/dev/null`);
    const [slower, which] = write > download ? [write, "writing as much zeros to the disk"] : [download, "downloading it to nowhere"];
    const pipeline = await timed(shell, `wget -q -O - ${at}.gz | gzip -d | dd of=/dev/vda bs=1M 2>/dev/null; sync`);
    const one = await machines.clone({ verify: "stream" });
    add({ what: `${what}, verify: stream`, seconds: one.seconds, base: slower, against: which, aim: 1.1 });
    for (const verify of ["sampled", "full"]) add({ what: `${what}, verify: ${verify}`, seconds: (await machines.clone({ verify })).seconds, base: one.seconds, against: "verify: stream", aim: 2 });
    add({ what: `${what}, verify: stream`, seconds: one.seconds, base: pipeline, against: "wget | gzip -d | dd, nothing proved", aim: 0.33 });
    for (let n = 1; n < 4; n++) await machines.add();
    const four = await machines.clone({ verify: "stream" });
    add({ what: "four clones at once, unicast", seconds: four.seconds, base: one.seconds, against: "one clone", aim: 4 });
    const together = await machines.clone({ verify: "stream", transport: "multicast" });
    add({ what: `four clones at once, multicast at ${RATE}bit/s`, seconds: together.seconds, base: four.seconds, against: "four clones by unicast", aim: 1 });
    const sent = [one, four, together].map(({ bytes }) => (bytes / MIB).toFixed(1));
    console.log(`sent by the master: ${sent[0]} MiB for one clone, ${sent[1]} MiB for four by unicast, ${sent[2]} MiB for four by multicast`);
}
