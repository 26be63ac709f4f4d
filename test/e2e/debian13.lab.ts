// Debian 13: another dnsmasq, nginx and iPXE, and the same site. The quickstart, from the bare master to the bare master.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dhcp, differences, inWords, openLab, startClient, startMaster } from "../lab/index.ts";
import { newMachine } from "./newMachine.ts";
import { site } from "./site.ts";
import { http, packaged, sha256, tftp } from "./wire.ts";

const patience = 150_000;
const desks = [
    { name: "desk-01", firmware: "bios", mac: "52:54:00:00:00:01" },
    { name: "desk-02", firmware: "uefi", mac: "52:54:00:00:00:02" },
] as const;

test("the quickstart on Debian 13: up, two machines boot, nothing left to do, destroy, as before", { timeout: 4 * patience }, async (t) => {
    await using lab = await openLab();
    const master = await startMaster(lab, { debian: 13 });
    const before = await master.snapshot();
    using project = await site(lab, master, "quickstart");
    await project.run(["up", "--yes", "--skip-preview"]);

    await t.test("two machines boot", async () => {
        const clients = await Promise.all(desks.map((desk) => startClient(lab, desk)));
        for (const client of clients) {
            await client.waitFor("up", patience);
            assert.match(client.cmdline(), new RegExp(`console=ttyS0 quiet netboot\\.name=${client.name}$`));
        }
        await Promise.all(clients.map((client) => client.stop()));
    });

    await t.test("64-bit ARM has a loader here, over TFTP and over HTTP", async () => {
        const exchange = { network: lab.network, mac: "52:54:00:00:00:41", server: master.host, waitMs: 6000 };
        const [pxe] = await dhcp.discover({ ...exchange, client: "uefiArm64" });
        const [overHttp] = await dhcp.discover({ ...exchange, client: "uefiArm64Http" });
        const wanted = await packaged(master, "ipxe-arm64.efi");
        assert.equal(sha256(await tftp(pxe!.nextServer, pxe!.bootFile)), wanted);
        assert.equal(sha256((await http(overHttp!.bootFile)).body), wanted);
    });

    await project.run(["up", "--yes", "--skip-preview", "--expect-no-changes"]);

    await t.test("a new machine gets its address without a reload, a changed one after it", () =>
        newMachine(lab, master, async (machine) => {
            project.edit((text) => `${text.split("// one more")[0]}// one more\nnew netboot.Machine("new", { master, pool, ...${JSON.stringify(machine)} });\n`.replace("\nnew netboot.DhcpPool", "\nconst pool = new netboot.DhcpPool"));
            await project.run(["up", "--yes", "--skip-preview"]);
        }));

    await project.run(["destroy", "--yes", "--skip-preview"]);
    assert.equal(inWords(differences(before, await master.snapshot())), "");
});
