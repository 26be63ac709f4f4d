// Machines that stand in the imaging system and are told by ssh what to run: the same machine for everything that is compared.
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";
import { openSite, type Site } from "../e2e/cli.ts";
import { startClient } from "../lab/client.ts";
import { EMULATED } from "../lab/emulated.ts";
import { until } from "../lab/exec.ts";
import type { Lab } from "../lab/lab.ts";
import type { Master } from "../lab/master.ts";

export interface Machines {
    /** One more machine, in the imaging system. */
    add(): Promise<Shell>;
    /** All that were added are ordered the same clone and begin at once: until the last is done, and what the master sent meanwhile. */
    clone(options: object): Promise<{ seconds: number; bytes: number }>;
    [Symbol.dispose](): void;
}
/** Runs a command on a machine; throws where it fails. */
export type Shell = (command: string) => Promise<string>;

const mac = (n: number) => `52:54:00:00:0b:${n.toString().padStart(2, "0")}`;

export async function openMachines(lab: Lab, master: Master, image: string, imaging: object = {}): Promise<Machines> {
    const parsed = ssh2.utils.parseKey(readFileSync(master.privateKeyPath)) as ssh2.ParsedKey;
    const authorizedKeys = [`${parsed.type} ${parsed.getPublicSSH().toString("base64")}`];
    const site: Site = await openSite(lab, master, "", { config: { image } });
    const shells: Shell[] = [];
    let generation = 0;

    const declare = async (boots: string[]) => {
        site.program(`
const m = master({ imaging: ${JSON.stringify({ authorizedKeys, cmdline: `console=ttyS0 ${EMULATED}`, ...imaging })} });
new netboot.DhcpPool("lan", { master: m, subnet, range });
const bench = new netboot.DiskImage("bench", { master: m, source: site.require("image") });
${boots.map((boot, i) => `new netboot.Machine("client-${i + 1}", { master: m, mac: "${mac(i + 1)}", boot: ${boot} });`).join("\n")}`);
        await site.up();
    };

    return {
        async add() {
            await declare([...shells, 0].map(() => "boot.rescue()"));
            const n = shells.length + 1;
            const client = await startClient(lab, { name: `client-${n}`, firmware: "bios", mac: mac(n), disk: "1G", memory: 1024 });
            const { detail } = await client.waitFor(/^netboot: [0-9.]+\/\d+ on /, 900_000);
            const shell = await connected(/([0-9.]+)\/\d+ on/.exec(detail!)![1]!, master.privateKeyPath);
            // The order's number takes the place of the word that no order was given; what the machine's own start has begun is ended.
            await shell("sleep 5; cp /proc/cmdline /tmp/own; for p in $(ps -o pid,args | awk '/\\/netboot\\/run/ && !/awk/ { print $1 }'); do kill -9 $p; done; true");
            shells.push(shell);
            return shell;
        },
        async clone(options) {
            const boot = `boot.clone(bench, ${JSON.stringify({ disk: "only", overwrite: true, then: "shell", generation: ++generation, ...options })})`;
            await declare(shells.map(() => boot));
            const nonces = (await master.exec(`for n in ${shells.map((_, i) => i + 1).join(" ")}; do sed -n 's/^nonce //p' /srv/netboot/http/orders/client-$n/job; done`)).trim().split("\n");
            const [sent, began] = [await bytes(master), Date.now()];
            await Promise.all(shells.map((shell, i) => shell(`cd /tmp; umount /proc/cmdline 2>/dev/null
sed 's/netboot\\.rescue=1/netboot.order=${nonces[i]}/' own >cmdline && mount --bind cmdline /proc/cmdline && : >run.log
setsid /netboot/run >>run.log 2>&1 </dev/null & run=$!
until grep -qE 'is done|FAILED' run.log; do sleep 0.1; done; echo $run >run.pid; ! grep FAILED run.log`)));
            const took = { seconds: (Date.now() - began) / 1000, bytes: (await bytes(master)) - sent };
            for (const nonce of nonces) await until("the report", 60_000, async () => (await master.tryExec(`test -e /srv/netboot/claims/${nonce}/done`)).exitCode === 0);
            await Promise.all(shells.map((shell) => shell("kill -9 -$(cat /tmp/run.pid) $(cat /tmp/run.pid) 2>/dev/null; sleep 1")));
            return took;
        },
        [Symbol.dispose]: () => site[Symbol.dispose](),
    };
}

const bytes = async (master: Master) => Number(await master.exec("cat /sys/class/net/eth0/statistics/tx_bytes"));

async function connected(host: string, keyPath: string): Promise<Shell> {
    const client = await until(`ssh of ${host}`, 300_000, () => dialled(host, keyPath));
    return (command) =>
        new Promise((done, failed) =>
            client.exec(command, (error, stream) => {
                if (error) return failed(error);
                let text = "";
                stream.on("data", (data: Buffer) => (text += data)).stderr.on("data", (data: Buffer) => (text += data));
                stream.on("close", (code: number | null) => (code === 0 ? done(text) : failed(new Error(`${command}: exit status ${code}\n${text}`))));
            }));
}

const dialled = (host: string, keyPath: string) =>
    new Promise<ssh2.Client | undefined>((done) => {
        const client = new ssh2.Client();
        client.on("ready", () => done(client)).on("error", () => done(undefined));
        client.connect({ host, username: "root", privateKey: readFileSync(keyPath), keepaliveInterval: 10_000 });
    });
