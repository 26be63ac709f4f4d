// A thousand new machines are to cost no reload: dnsmasq finds new host files by itself. What it then does is asked on the wire.
import assert from "node:assert/strict";
import { dhcp, type Lab, type Master } from "../lab/index.ts";

/** `up` makes true what the program says of one machine more. */
export async function newMachine(lab: Lab, master: Master, up: (machine: { mac: string; address: string; hostname: string }) => Promise<void>): Promise<void> {
    const mac = "52:54:00:00:00:0a";
    const reads = async () => Number(await master.exec("journalctl -u netboot-dhcp -o cat | grep -c 'Reloaded\\|Reloading' || :"));
    const offered = async () => (await dhcp.discover({ network: lab.network, client: "system", mac, waitMs: 6000 }))[0]?.address;
    const before = await reads();
    await up({ mac, address: lab.at(22), hostname: "new" });
    assert.equal(await offered(), lab.at(22));
    assert.equal(await reads(), before);
    await up({ mac, address: lab.at(23), hostname: "new" });
    assert.equal(await offered(), lab.at(23));
    assert.ok((await reads()) > before);
}
