// What the tests of the command line share: small JavaScript programs (they start twice as fast as TypeScript), and what a master is doing.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab.ts";
import type { Master } from "../lab/master.ts";
import { openProject, type Project, type Ran, type RunOptions } from "../pulumi/project.ts";
import { settings } from "./site.ts";

export interface Site extends Project, Disposable {
    /** Replaces the program, but for its first lines. */
    program(body: string): void;
    /** `up` without a preview and without the checkpoints that only a crash needs. */
    up(options?: RunOptions & { args?: string[] }): Promise<Ran>;
    destroy(options?: RunOptions & { args?: string[] }): Promise<Ran>;
    /** The resources of the state, by name; the stack itself and providers left out. */
    resources(): Record<string, { urn: string; type: string; id: string; inputs: any; outputs: any; initErrors?: string[]; protect?: boolean }>;
}

const first = `
const pulumi = require("@pulumi/pulumi");
const netboot = require("pulumi-netboot");
const { boot } = netboot;
const site = new pulumi.Config();
const connection = { host: site.require("host"), hostKey: site.require("hostKey"), user: site.require("user"), privateKeyPath: site.require("keyPath") };
const subnet = site.require("subnet"), range = site.require("range");
const master = (more = {}, opts) => new netboot.MasterServer("lab", { connection, address: site.require("address"), ...more }, opts);
const image = (master, more = {}) => new netboot.KernelImage("rescue", { master, kernel: site.require("kernel"), cmdline: "quiet", ...more });
`;

/** A stack of its own with this program: `master()` and `image(m)` are there to be called. */
export async function openSite(lab: Lab, master: Master, body: string, { name = "netboot-test", config = {} }: { name?: string; config?: Record<string, unknown> } = {}): Promise<Site> {
    const project = await openProject(
        { "Pulumi.yaml": `name: ${name}\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n`, "index.js": first + body },
        { ...settings(lab, master), ...config },
    );
    const quick = (command: string) => ({ args = [], env, ...options }: RunOptions & { args?: string[] } = {}) =>
        project.run([command, "--yes", "--skip-preview", ...args], { ...options, env: { PULUMI_SKIP_CHECKPOINTS: "true", ...env } });
    return {
        ...project,
        program: (text) => writeFileSync(join(project.folder, "index.js"), first + text),
        up: quick("up"),
        destroy: quick("destroy"),
        resources() {
            const own = (project.state().resources ?? []).filter(({ type }: { type: string }) => type.includes("dynamic/netboot"));
            return Object.fromEntries(own.map((one: { urn: string }) => [one.urn.split("::").at(-1), one]));
        },
        [Symbol.dispose]: () => project.remove(),
    };
}

/** Every file that is ours, with its inode and its time: written again, even with the same text, it has others. */
export const written = (master: Master): Promise<string> =>
    master.exec("find /srv/netboot /etc/netboot /var/lib/netboot /etc/systemd/system/netboot-* /etc/logrotate.d/netboot -printf '%p %i %T@ %m\\n' 2>/dev/null | sort");

/** When each daemon was started and last changed its state: a reload shows in the second, a restart in both. */
export async function daemons(master: Master): Promise<Record<string, { started: string; changed: string; state: string }>> {
    const units = ["netboot-dhcp", "netboot-http"];
    const one = (unit: string) => `echo ${unit} $(for p in InvocationID StateChangeTimestampMonotonic ActiveState; do systemctl show ${unit} -P $p; done)`;
    const text = await master.exec(units.map(one).join("; "));
    return Object.fromEntries(text.trim().split("\n").map((line) => line.split(" ")).map(([unit, started, changed, state]) => [unit, { started, changed, state }])) as any;
}

/** Everything on the master that an operation with nothing to do must leave as it is. */
export const stand = async (master: Master) => ({ files: await written(master), daemons: await daemons(master) });

/** The answer of the master's own web server, asked by itself. */
export const served = (master: Master, path: string): Promise<string> => master.exec(`perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(PeerAddr => "${master.host}:80", Timeout => 5) or die "no answer";
    print $s "GET ${path} HTTP/1.0\\r\\n\\r\\n"; print while <$s>'`);

/** The resources that "Diagnostics" holds an error against. */
export const blamed = (text: string): string[] =>
    [...text.slice(text.indexOf("Diagnostics:")).matchAll(/^ {2}\S+ \((\S+)\):\n {4}error:/gm)].map(([, name]) => name!).filter((name) => !/-lab$/.test(name));
