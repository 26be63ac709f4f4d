// `npm run bench -- scripts`: how many machines a second a master answers, when all of them ask what to boot; nginx with our files against matchbox with as many groups and profiles, on the same machine.
import assert from "node:assert/strict";
import { openSite } from "../e2e/cli.ts";
import { exec } from "../lab/exec.ts";
import type { Lab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { matchbox } from "../setup/matchbox.mjs";
import type { Row } from "./table.ts";

const SECONDS = 8;
const ROUNDS = 3;
/** What a row tells the time of. */
const MANY = 10_000;

const octets = (i: number) => [0x52, 0x54, 0, 0, i >> 8, i & 255].map((octet) => octet.toString(16).padStart(2, "0"));

const program = (count: number) => `
const m = master();
const worker = image(m);
new netboot.Fleet("farm", { master: m, machines: Object.fromEntries(${JSON.stringify(Array.from({ length: count }, (_, i) => [`node-${i}`, octets(i).join(":")]))}.map(([name, mac]) => [name, { mac, boot: boot.kernel(worker, { append: "netboot.name=" + name }) }])) });
`;

/** The same machines for matchbox: a group and a profile each, as each machine has a command line of its own. */
const groups = (count: number, master: Master) =>
    Array.from({ length: count }, (_, i) => {
        const name = `node-${i}`;
        const group = { id: name, name, profile: name, selector: { mac: octets(i).join(":") } };
        const profile = { id: name, name, boot: { kernel: `http://${master.host}/blob/vmlinuz`, initrd: [], args: ["quiet", `netboot.name=${name}`] } };
        return [["groups", group], ["profiles", profile]].map(([folder, content]) => ({ target: `/var/lib/matchbox/${folder}/${name}.json`, content: JSON.stringify(content) }));
    }).flat();

interface Server {
    port: number;
    /** The path that machine `%s` asks, in the way of printf. */
    path: string;
}
const ours: Server = { port: 80, path: "/boot?mac=52-54-00-00-%02x-%02x&uuid=4c4c4544-0000-2010-8020-80c04f202020&serial=&arch=x86_64&platform=pcbios" };
const theirs: Server = { port: 8080, path: "/ipxe?uuid=4c4c4544-0000-2010-8020-80c04f202020&mac=52-54-00-00-%02x-%02x&domain=&hostname=&serial=&arch=x86_64" };

/** A machine asks once and goes: each request is a connection. */
const asking = ({ path }: Server, count: number) => `local n = 0
function request()
  n = (n + 1) % ${count}
  return wrk.format("GET", string.format(${JSON.stringify(path)}, math.floor(n / 256), n % 256))
end`;

export async function scripts(lab: Lab, add: (row: Row) => void): Promise<void> {
    const peer = await matchbox();
    const master = await startMaster(lab, { daemons: true });
    const machines = await lab.start("dhcp", { address: lab.at(9) }, (it) => it.withEntrypoint(["sleep"]).withCommand(["infinity"]));
    await exec(machines, "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends wrk >/dev/null");
    await master.container.copyFilesToContainer([{ source: peer, target: "/usr/local/bin/matchbox", mode: 0o755 }]);
    for (const count of [1000, 1]) {
        using site = await openSite(lab, master, program(count));
        await site.up();
        await master.exec("rm -rf /var/lib/matchbox; mkdir -p /var/lib/matchbox/groups /var/lib/matchbox/profiles /var/lib/matchbox/assets");
        await master.container.copyContentToContainer(groups(count, master));
        await master.exec("setsid matchbox -address 0.0.0.0:8080 -data-path /var/lib/matchbox >/var/log/matchbox.log 2>&1 </dev/null & echo $! >/run/matchbox.pid; sleep 2");
        for (const server of [ours, theirs]) await right(master, server, count - 1);
        const rate = { ours: [] as number[], theirs: [] as number[] };
        for (let round = 0; round < ROUNDS; round++)
            for (const [name, server] of Object.entries({ ours, theirs })) rate[name as keyof typeof rate].push(await asked(machines, master, server, count));
        const [mine, other] = [median(rate.ours), median(rate.theirs)];
        add({ what: `${MANY.toLocaleString("en")} boot scripts of ${count.toLocaleString("en")} machine${count === 1 ? "" : "s"}`, seconds: MANY / mine, base: MANY / other, against: "matchbox", aim: 0.2 });
        console.log(`${count} machines: ${Math.round(mine)} scripts a second, matchbox ${Math.round(other)}; of ${ROUNDS} rounds ${JSON.stringify(rate)}`);
        await master.exec("kill $(cat /run/matchbox.pid)");
        await site.destroy();
    }
}

/** Is what is measured the machine's own script? */
async function right(master: Master, { port, path }: Server, i: number): Promise<void> {
    const answer = await fetch(`http://${master.host}:${port}${path.replace("%02x-%02x", octets(i).slice(4).join("-"))}`);
    assert.match(await answer.text(), new RegExp(`^#!ipxe\\n[^]*quiet netboot\\.name=node-${i}\\n`), `port ${port}`);
}

async function asked(machines: Parameters<typeof exec>[0], master: Master, server: Server, count: number): Promise<number> {
    const said = await exec(machines, `cat >/tmp/asking.lua <<'END'\n${asking(server, count)}\nEND\nwrk -t 1 -c 16 --timeout 60s -d ${SECONDS}s -H 'Connection: close' -s /tmp/asking.lua http://${master.host}:${server.port}`);
    assert.doesNotMatch(said, /Non-2xx|Socket errors/, said);
    return Number(/Requests\/sec: +([0-9.]+)/.exec(said)![1]);
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
