// What `netboot doctor` says of a plan, through SSH and the real scripts: by whom each question is, which hinder, and no secret.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { diagnose } from "../../provider/dist/pulumi/doctor.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { fastHost, type FastHost } from "../engine/fastHost.ts";
import { onMaster, urn } from "./inputs.ts";
import { bare, behindSsh, on, type SshHost } from "./onHost.ts";

let host: FastHost;
let ssh: SshHost;
before(async () => {
    host = fastHost();
    ssh = await behindSsh(host);
});
after(async () => {
    await ssh.close();
    host.remove();
});

/** As a preview has it. */
function planned(type: string, given: object) {
    const { inputs, failures } = check(resourceType(type), {}, given as any);
    assert.deepEqual(failures, []);
    return { type: `pulumi-nodejs:dynamic/netboot:${type}`, inputs: bare(inputs) };
}
const master = (more: object = {}) => planned("MasterServer", { __urn: urn("MasterServer", "lab"), __connection: ssh.connection, host: ssh.connection.host, address: "192.0.2.1", ...more });
const pool = (more: object) => planned("DhcpPool", { ...onMaster("DhcpPool", "lan"), ...on(ssh), subnet: "192.0.2.0/24", address: "192.0.2.1", ...more });

test("each finding says whose it is, which question, and whether it hinders", async () => {
    const found = await diagnose([master(), pool({ interface: "eth7" })]);
    assert.deepEqual([...new Set(found.map(({ host }) => host))], [`root@${ssh.connection.host}:${ssh.connection.port}`]);
    const of = (label: string) => found.filter((one) => one.for === label).map(({ check }) => check);
    assert.deepEqual(of('MasterServer "lab"'), ["debian", "space", "port", "port", "port", "address", "clock", "firewall", "units"]);
    assert.deepEqual(of('DhcpPool "lan"'), ["interface", "no-other-dhcp", "address"]);
    const { mend, ...missing } = found.find(({ check }) => check === "interface")!;
    assert.deepEqual([missing.ok, missing.what], [false, "eth7 is no interface of the master, which has eth0 (192.0.2.1)"]);
    assert.equal(mend, 'Write interface: "eth0", which has an address in 192.0.2.0/24, or leave it out.');
    assert.equal(found.find(({ check }) => check === "no-other-dhcp")!.hint, true, "it could not be asked");
});

test("no finding holds a secret", async () => {
    const found = await diagnose([pool({ interface: "wing-7f3", __secrets: [["interface"]] })]);
    assert.equal(found.find(({ check }) => check === "interface")!.what, "[secret] is no interface of the master, which has eth0 (192.0.2.1)");
    assert.ok(!JSON.stringify(found).includes("wing-7f3"));
});

test("a master that cannot be reached is one finding", async () => {
    const found = await diagnose([master({ __connection: { ...ssh.connection, port: 1 } })]);
    assert.deepEqual(found.map(({ check, ok, for: who }) => [check, ok, who]), [["reach", false, 'MasterServer "lab"']]);
});
