// An installation by declaration: a real debian-installer is started with its answers, reads them and says so; broken off, it is not begun again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startClient } from "../lab/client.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import type { Project } from "../pulumi/project.ts";
import { served } from "./cli.ts";
import { HASH, rack } from "./rack.ts";

let lab: Lab;
let master: Master;
let project: Project & Disposable;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    project = await rack(lab, master, { "rack-01": { mac: "52:54:00:00:0e:01", role: "web" } });
});
after(async () => {
    project?.[Symbol.dispose]();
    await lab.close();
});

const report = async (): Promise<{ stage?: string; error?: string; generation?: number }> => JSON.parse((await master.tryExec("cat /srv/netboot/reports/rack-01/status")).stdout || "{}");

test("the preview says what is erased and what is served, and shows no secret", async () => {
    const { text } = await project.run(["preview", "--diff"]);
    assert.match(text, /ERASES its only fixed disk, if it is blank or ours/);
    assert.match(text, /ERASES 1 machine: rack-01 \(generation 1\)/);
    assert.match(text, /answers\/rack-01\/preseed\.cfg *: \[secret\]/);
    assert.ok(!text.includes(HASH));
});

test("the installer comes out of its package, with its digests; answers are there for as long as the order is", async () => {
    const { seconds } = await project.run(["up", "--yes", "--skip-preview"]);
    assert.ok(seconds < 300);
    assert.equal((await master.exec("cd /srv/netboot/http/installer/*/ && sha256sum -c SHA256SUMS")).trim(), "linux: OK\ninitrd.gz: OK");
    assert.match(await served(master, "/answers/rack-01/preseed.cfg"), /200 OK[^]*nginx-light[^]*preseed\/run string http/);
    assert.match(await served(master, "/answers/rack-02/preseed.cfg"), /404/);
    // The stack's own configuration, which the test gives in clear, is in the state of Pulumi's provider, and not ours to hide.
    const own = project.state().resources.filter(({ type }: { type: string }) => type.includes("dynamic/netboot"));
    assert.ok(own.length === 4 && !JSON.stringify(own).includes(HASH), "the state holds the secret encrypted");
});

test("a real installer reads its answers and says so; broken off, it is not begun again", { timeout: 600_000 }, async (t) => {
    const began = Date.now();
    const client = await startClient(lab, { name: "rack-01", firmware: "uefi", mac: "52:54:00:00:0e:01", memory: 1024, disk: "1G" });
    await until("the answers read", 400_000, async () => ((await report()).stage === "start" ? true : undefined));
    t.diagnostic(`from power on to the answers read ${((Date.now() - began) / 1000).toFixed(0)} s`);
    const log = await master.exec(`grep -v ' ${master.host} ' /var/log/netboot/http-access.log`);
    const asked = ["/orders/rack-01/order.ipxe", "/begin/open", "/answers/rack-01/preseed.cfg", "/installers/debian", "/installers/netboot", "/orders/rack-01/job"].map((path) => log.search(new RegExp(`"GET \\S*${path} HTTP/1.[01]" 200`)));
    assert.ok(asked.every((at, i) => at > (asked[i - 1] ?? -1)), `in this order: ${asked}\n${log}`);
    assert.equal((await master.exec("ls /srv/netboot/claims/*/ | grep -c '^by-'")).trim(), "1");

    await client.restart();
    await client.waitFor(/this installation has begun before and has not come to its end/, 300_000);
    await until("the report", 20_000, async () => ((await report()).stage === "failed" ? true : undefined));
    assert.deepEqual({ ...(await report()), error: "" }, { machine: "rack-01", generation: 1, stage: "failed", error: "" });
    assert.match((await report()).error!, /has begun before.*say a higher generation$/);
    await client.stop();
});
