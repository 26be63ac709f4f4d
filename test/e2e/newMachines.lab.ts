// A thousand new machines are to cost no reload: dnsmasq finds new host files by itself. What it then does is asked on the wire.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dhcp, openLab, startMaster } from "../lab/index.ts";
import { masterAndPool, site } from "./site.ts";

for (const debian of [12, 13] as const)
    test(`Debian ${debian}: a new machine gets its address without a reload, a changed one after it`, async () => {
        await using lab = await openLab();
        const master = await startMaster(lab, { debian });
        const machine = (last: number) => `${masterAndPool}new netboot.Machine("m", { master, mac: "52:54:00:00:00:0a", pool: lan, address: "${lab.at(last)}", hostname: "m" });\n`;
        using project = await site(lab, master, { "index.ts": masterAndPool });
        await project.run(["up", "--yes", "--skip-preview"]);
        const reads = async () => Number(await master.exec("journalctl -u netboot-dhcp -o cat | grep -c 'Reloaded\\|Reloading' || :"));
        const offered = async () => (await dhcp.discover({ network: lab.network, client: "system", mac: "52:54:00:00:00:0a", waitMs: 6000 }))[0]?.address;
        const before = await reads();

        project.edit(() => machine(20));
        await project.run(["up", "--yes", "--skip-preview"]);
        assert.equal(await offered(), lab.at(20));
        assert.equal(await reads(), before);

        project.edit(() => machine(21));
        await project.run(["up", "--yes", "--skip-preview"]);
        assert.equal(await offered(), lab.at(21));
        assert.ok((await reads()) > before);
    });
