// `npm run bench -- page`: what the page costs the master with a thousand machines that report: requests and bytes as the browser counts them, processor time as the master's kernel does.
import { openSite } from "../e2e/cli.ts";
import { imagingStandIn } from "../e2e/imagingStandIn.ts";
import { openPage } from "../lab/browser.ts";
import { until } from "../lab/exec.ts";
import type { Lab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";

const MACHINES = 1000;
const names = Array.from({ length: MACHINES }, (_, i) => `seat-${String(i + 1).padStart(4, "0")}`);
const program = `
const m = master({ imaging: {}, page: { allow: [subnet] } });
const pool = new netboot.DhcpPool("lan", { master: m, subnet, range });
new netboot.Fleet("hall", { master: m, pool, machines: Object.fromEntries(${JSON.stringify(names)}.map((name, i) => [name, { mac: "52:54:00:01:" + [i >> 8, i & 255].map((b) => b.toString(16).padStart(2, "0")).join(":"), boot: boot.rescue() }])) });
`;

/** The first `count` machines say how far they are. */
async function report({ host }: Master, count: number, percent: number): Promise<void> {
    const queue = names.slice(0, count);
    await Promise.all(Array.from({ length: 8 }, async () => {
        for (let machine = queue.shift(); machine; machine = queue.shift()) {
            const body = JSON.stringify({ machine, stage: "write", percent, rate: 60e6, eta: 300, disk: "sda (256060514304 bytes, serial S4X1)" });
            const { status } = await fetch(`http://${host}/reports/${machine}/status`, { method: "PUT", body });
            if (status !== 201 && status !== 204) throw new Error(`${machine}: ${status}`);
        }
    }));
}

/** Milliseconds of processor time that nginx has taken so far. By its processes: a container's systemd has no accounts of its units. */
async function processor(master: Master): Promise<number> {
    const said = await master.exec("m=$(systemctl show netboot-http -P MainPID); for p in $m $(cat /proc/$m/task/$m/children); do cat /proc/$p/schedstat; done");
    const spent = said.trim().split("\n").map((line) => Number(line.split(" ")[0]));
    if (!spent.every((ns) => ns > 0)) throw new Error(`the processor time of netboot-http's processes is ${said}`);
    return spent.reduce((sum, ns) => sum + ns, 0) / 1e6;
}

interface Cost {
    requests: number;
    bytes: number;
    ms: number;
}

export async function page(lab: Lab): Promise<void> {
    const master = await startMaster(lab, { daemons: true });
    await master.exec(imagingStandIn);
    using site = await openSite(lab, master, program);
    await site.up();
    await report(master, MACHINES, 1);
    await using desk = await openPage();
    const session = await desk.page.context().newCDPSession(desk.page);
    await session.send("Network.enable");
    const cost = { requests: 0, bytes: 0 };
    session.on("Network.requestWillBeSent", () => cost.requests++);
    session.on("Network.loadingFinished", ({ encodedDataLength }) => (cost.bytes += encodedDataLength));
    const looks = async () => Number(await desk.page.evaluate("document.body?.dataset.looks ?? 0"));
    const after = (many: number) => until(`look ${many}`, 60_000, async () => ((await looks()) >= many ? true : undefined));
    /** What is asked until that many looks have ended, or until something is seen; what machines say before it is none of it. */
    const taken = async (before: () => Promise<void>, done: () => Promise<unknown>): Promise<Cost> => {
        await before();
        const start = { ...cost, ms: await processor(master) };
        await done();
        return { requests: cost.requests - start.requests, bytes: cost.bytes - start.bytes, ms: (await processor(master)) - start.ms };
    };
    const next = async (many: number) => after((await looks()) + many);
    const rows: [string, Cost][] = [];

    const began = Date.now();
    rows.push(["first view", await taken(async () => {}, async () => (await desk.page.goto(`http://${master.host}/page/`), await after(1)))]);
    console.log(`first view of ${MACHINES} machines: ${((Date.now() - began) / 1000).toFixed(1)} s until all rows are there, with browser and master on the same two cores`);
    await next(2);
    const still = await taken(() => next(1).then(() => {}), () => next(10));
    rows.push(["a look at which nothing has changed", { requests: still.requests / 10, bytes: still.bytes / 10, ms: still.ms / 10 }]);
    for (const [count, percent] of [[1, 7], [10, 8], [100, 9], [1000, 10]] as const) {
        const seen = async () => Number(await desk.page.evaluate(`[...document.querySelectorAll("td.percent")].filter((td) => td.textContent === "${percent}").length`)) === count || undefined;
        rows.push([`until the page has seen ${count} that have reported since`, await taken(() => next(1).then(() => report(master, count, percent)), () => until(`${count} reports to be seen`, 120_000, seen))]);
    }
    if (desk.complaints.length) throw new Error(desk.complaints.join("\n"));
    const line = ([what, { requests, bytes, ms }]: [string, Cost]) => `| ${what} | ${Math.round(requests)} | ${(bytes / 1024).toFixed(1)} KiB | ${ms.toFixed(0)} ms |`;
    console.log(["| with 1,000 machines | requests | bytes on the wire | processor time of nginx |", "| --- | --- | --- | --- |", ...rows.map(line)].join("\n"));
    await site.destroy();
}
