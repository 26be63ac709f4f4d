// A site in two versions, by the product's own resources, and its life on a real master behind a wire that is cut.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { Master } from "../lab/master.ts";
import type { Cutter } from "./cutter.ts";

const require = createRequire(import.meta.url);
const { resourceType } = require("../../provider/dist/resources/registry.js");
const { validate } = require("../../provider/dist/validate.js");
const { createEngine } = require("../../provider/dist/engine/index.js");
const { connect } = require("../../provider/dist/ssh/ssh.js");

type Version = "v1" | "v2";
const urn = (type: string, name: string) => `urn:pulumi:lab::faults::pulumi-nodejs:dynamic/netboot:${type}::${name}`;

function op(type: string, input: Record<string, unknown>) {
    const kind = resourceType(type);
    const checked = validate(kind, input);
    assert.deepEqual(checked.problems, []);
    const desired = kind.desired(kind.normalise ? kind.normalise(checked.input) : checked.input);
    return { owner: urn(type, String(input.name)), label: `${type} "${input.name}"`, want: desired.state, ref: desired.outputs?.ref };
}

/** Waves in the order of their dependencies, as Pulumi would send them. */
function site(master: Master, subnet: string, range: string, version: Version) {
    const lab = op("MasterServer", { name: "lab", host: master.host, address: master.host, ...(version === "v2" && { retries: { count: 7 } }) });
    const pool = op("DhcpPool", { name: "lan", master: lab.ref, subnet, range, ...(version === "v2" && { leaseTime: "1h" }) });
    const machine = (i: number) => op("Machine", { name: `m${i}`, master: lab.ref, mac: `52:54:00:00:00:0${i}`, boot: version === "v1" ? { kind: "local" } : { kind: "shell" } });
    return [[lab], [pool, machine(1), machine(2), machine(3)]];
}

export interface Life {
    up(version: Version): Promise<unknown[]>;
    destroy(): Promise<unknown[]>;
    /** What must hold whatever happened: the set that daemons parse is whole, in one version. */
    whole(): Promise<void>;
    served(version: Version): Promise<void>;
}

export function lifeOf(master: Master, cutter: Cutter, subnet: string, range: string): Life {
    /** A run as Pulumi makes one: a process of its own (so a new engine), waves, errors gathered, dependents of a failure left out. */
    async function run(waves: Record<string, unknown>[][]): Promise<unknown[]> {
        const transports: { close(): Promise<void> }[] = [];
        const dial = async () => {
            const transport = await connect({ host: "127.0.0.1", port: cutter.port, hostKey: master.hostKey, privateKeyPath: master.privateKeyPath, dialErrorLimit: 0 });
            transports.push(transport);
            return transport;
        };
        const engine = createEngine(dial, { patience: 60 });
        const errors: unknown[] = [];
        for (const wave of waves) {
            const done = await Promise.allSettled(wave.map(({ ref, ...rest }) => engine.reconcile(rest)));
            errors.push(...done.flatMap((it) => (it.status === "rejected" ? [it.reason] : [])));
            if (errors.length) break;
        }
        await Promise.all(transports.map((transport) => transport.close()));
        return errors;
    }
    const gone = (wave: Record<string, unknown>[]) => wave.map(({ owner, label }) => ({ owner, label, ...(String(label).startsWith("MasterServer") && { sweep: true }) }));
    const lease = { v1: "12h", v2: "1h" };
    return {
        up: (version) => run(site(master, subnet, range, version)),
        destroy: () => run(site(master, subnet, range, "v2").map(gone).reverse()),
        async whole() {
            const { stdout } = await master.tryExec("cat /etc/netboot/live/dnsmasq.conf /etc/netboot/live/nginx.conf 2>/dev/null | tail -n 1; dnsmasq --test --conf-file=/etc/netboot/live/dnsmasq.conf '--conf-dir=/etc/netboot/live/dnsmasq.d,*.conf' 2>&1");
            const live = await master.tryExec("test -e /etc/netboot/live/dnsmasq.conf");
            if (live.exitCode === 0) assert.match(stdout, /^\}\n[^]*syntax check OK/, "the set in service is not whole");
        },
        async served(version) {
            assert.match(await master.exec("cat /etc/netboot/live/dnsmasq.d/lan.conf"), new RegExp(`,${lease[version]}\\b`));
            const answer = await (await fetch(`http://${master.host}/boot?mac=52-54-00-00-00-02`)).text();
            assert.match(answer, version === "v1" ? /sanboot|exit/ : /^shell/m);
            assert.equal((await master.exec("systemctl is-active netboot-dhcp.service netboot-http.service")).trim(), "active\nactive");
            // The running daemon was started after the newest file that it parses: no restart is lost.
            const owed = await master.exec("for u in dhcp http; do s=$(date -d \"$(systemctl show -p ActiveEnterTimestamp --value netboot-$u.service)\" +%s); f=$(find -L /etc/netboot/live -type f -name \"$([ $u = dhcp ] && echo '*dns*' || echo 'nginx*')\" -printf '%T@\\n' | sort -n | tail -n 1 | cut -d. -f1); [ \"$s\" -ge \"$f\" ] || echo $u; done");
            assert.equal(owed, "", "a daemon runs with what was there before");
            assert.equal(await master.exec("find / -xdev -name .netboot-stage 2>/dev/null; find /etc/netboot -name 'gen.*' | tail -n +2"), "", "something temporary stays");
        },
    };
}
