// Machines that nobody declares, on a master where they register: what is asked by hand, and a real one. Shares its master, whose imaging system takes a minute to build.
import assert from "node:assert/strict";
import { bootableDisk } from "../lab/disk/image.ts";
import { startClient } from "../lab/client.ts";
import type { Lab } from "../lab/lab.ts";
import type { Master } from "../lab/master.ts";
import type { Ended } from "./netboot.ts";

type Netboot = (...args: string[]) => Promise<Ended>;
/** What the program of these tests says. */
export const registering = 'unknownMachines: "register", registerLimit: 3';

const places = (master: Master) => master.exec("cd /srv/netboot/discovered && find . -mindepth 1 -maxdepth 2 ! -name free -type d -printf x | wc -c; find . -type f -printf '%P %U %s\\n' | sort");

/** By hand, as anybody on the network can: no request makes a place, takes what another has said, or reads it; and what is no report harms nobody. */
export async function hostile(master: Master, netboot: Netboot): Promise<void> {
    const ask = async (method: string, path: string, { body, ...headers }: Record<string, string> = {}) => {
        const answer = await fetch(`http://${master.host}${path}`, { method, headers, ...(body !== undefined && { body }) });
        return { status: answer.status, text: await answer.text() };
    };
    const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;
    const register = (mac: string) => ask("GET", `/register.ipxe?mac=${mac}`);
    const [one, two, three, four] = ["52-54-00-00-0f-01", "52-54-00-00-0f-02", "00-00-00-00-00-00", "52-54-00-00-0f-04"] as const;
    const report = (mac: string) => `/discovered/${mac}/report`;

    for (const mac of ["", "52-54", "../../etc", "52-54-00-00-0f-01/..", "%00"]) assert.equal((await register(mac)).status, 404, mac);
    assert.deepEqual([await status("PUT", report(one), { body: "{}" }), await status("POST", "/register.ipxe?mac=" + one, { body: "" }), await status("GET", "/register/place")], [404, 403, 404]);
    for (const destination of [`/discovered/${one}/`, "/http/mac/", `http://${master.host}/discovered/${one}/`]) assert.equal(await status("MOVE", "/discovered/free/000/", { destination }), 403);
    assert.equal((await places(master)).split("\n")[0], "3");

    assert.deepEqual(await register(one), { status: 200, text: "#!ipxe\nset netboot-register yes\n" });
    assert.deepEqual(await register(one), { status: 200, text: "#!ipxe\n" }, "a second time");
    for (const mac of [two, three]) assert.match((await register(mac)).text, /yes/);
    assert.equal((await register(four)).status, 403, "there is no place left");
    assert.equal(await status("PUT", report(one), { body: "x".repeat(17 << 10) }), 413);
    assert.equal(await status("PUT", report(one), { body: `<script>alert(1)</script>\u001b[2J${"y".repeat(10_000)}` }), 201);
    assert.equal(await status("PUT", report(one), { body: "{}" }), 409, "what it has said stays");
    assert.equal(await status("PUT", report(two), { body: JSON.stringify({ mac: two.replaceAll("-", ":"), model: '");process.exit(9)//\u001b[31m', serial: "\u202e", cpus: 4, disks: [{ name: "sda", size: 1e12, serial: "<b>" }] }) }), 201);
    for (const path of [report(one), `/discovered/${one}/`, "/discovered/", "/discovered/free/", report(four), `/discovered/free/000/report`]) {
        for (const method of ["GET", "DELETE", "MKCOL", "MOVE"]) assert.ok((await status(method, path, { destination: "/discovered/x/" })) >= 400, `${method} ${path}`);
    }
    assert.match(await places(master), new RegExp(`^3\n${one}/report 33 \\d+\n${two}/report 33 \\d+\n$`));

    const listed = await netboot("discovered");
    assert.equal(listed.code, 0, listed.err);
    assert.match(listed.out, /^[\x20-\x7e\n]*$/);
    assert.match(listed.out, /^52:54:00:00:0f:01 .* what it said cannot be read$/m);
    assert.match(listed.out, /^52:54:00:00:0f:02 +"\);process\.exit\(9\)\/\/\?\[31m +\? +4 x +- +sda 1\.0 TB \(<b>\) /m);
    assert.match(listed.out, /^00:00:00:00:00:00 .* asked, and said nothing so far$/m);
    assert.match(listed.err, /no further machine can register: 3 have \(registerLimit\)/);
    const pasted = await netboot("discovered", "--names", "pc-{n}");
    assert.equal(pasted.code, 1);
    assert.deepEqual(pasted.out.split("\n").filter((line) => !line.startsWith("//")).toSorted(), ["", 'new netboot.Machine("pc-1", { master, mac: "52:54:00:00:0f:01" });', 'new netboot.Machine("pc-2", { master, mac: "52:54:00:00:0f:02" });']);
    assert.match(pasted.err, /^00:00:00:00:00:00 is left out: its MAC address is 00:00:00:00:00:00, which is what an unprogrammed/m);
    assert.equal((await netboot("discovered", "forget", "52:54:00:00:0f:09")).code, 2);
    assert.equal((await netboot("discovered", "forget", "--all")).out.split("\n").length, 4);
    assert.equal(await places(master), "3\n");
}

/** A real one: it says what it is made of, starts again, and boots its disk, as it does from then on. Answers with the line for the program. */
export async function stranger(lab: Lab, master: Master, netboot: Netboot): Promise<string> {
    const [mac, uuid] = ["52:54:00:00:0f:10", "11111111-2222-3333-4444-555555555510"];
    const client = await startClient(lab, { name: "stranger", firmware: "bios", mac, uuid, serial: "5BT8K12", disk: bootableDisk(), memory: 1024 });
    await client.waitFor(/^netboot: imaging system/, 600_000);
    const machine = `mac=${mac.replaceAll(":", "-")}`;
    await client.waitFor("local", 600_000);
    assert.ok(!client.stages.some(({ stage }) => stage === "kernel"), "the second time it boots its disk");
    await client.stop();
    const listed = JSON.parse((await netboot("discovered", "--json")).out);
    assert.equal(listed.length, 1);
    const { hardware } = listed[0];
    const { model, memory, cpu, version, disks: [disk], ...rest } = hardware;
    assert.deepEqual({ mac: listed[0].mac, ...rest }, { mac, uuid, serial: "5BT8K12", maker: "QEMU", firmware: "bios", cpus: 1, cards: [{ name: "eth0", mac, link: true }] });
    assert.deepEqual([hardware.disks.length, disk.name, disk.size], [1, "vda", bootableDisk().length]);
    assert.match(model, /Q35/);
    assert.ok(memory > 900 << 20 && memory < 1 << 30 && cpu && version, JSON.stringify(hardware));
    assert.equal((await master.exec(`grep -c '${machine}' /var/log/netboot/unknown.log`)).trim(), "2", "a line for each boot");
    return (await netboot("discovered", "--names", "pc-{nn}")).out;
}
