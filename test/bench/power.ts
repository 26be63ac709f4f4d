// `npm run bench -- power`: two hundred machines with a BMC each, which are ipmi_sim's; ours against ipmitool by hand, as many at once, on the same master.
import assert from "node:assert/strict";
import { openSite } from "../e2e/cli.ts";
import { netboot } from "../e2e/netboot.ts";
import { type Bmc, startBmc } from "../lab/bmc.ts";
import { until } from "../lab/exec.ts";
import type { Lab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { counted } from "./counted.ts";
import type { Row } from "./table.ts";

const MACHINES = 200;
/** Machines together: as many as the master asks at once when it only asks. */
const TOGETHER = 32;

const program = (append: string, onChange: string) => `
const m = master({ power: { atOnce: ${TOGETHER}, pauseSeconds: 0 } });
const what = boot.kernel(image(m), { append: "${append}" });
const pool = new netboot.DhcpPool("lan", { master: m, subnet, range });
new netboot.Fleet("rack", { master: m, pool, machines: Object.fromEntries(Array.from({ length: ${MACHINES} }, (_, i) => ["node-" + (i + 1), {
    mac: "52:54:00:00:0c:" + (i + 1).toString(16).padStart(2, "0"), boot: what,
    power: { driver: "ipmi", host: site.require("bmc"), port: 6231 + i, user: "netboot", password: site.requireSecret("bmcPassword"), cipherSuite: 3, onChange: "${onChange}" } }])) });
`;

const UP = ["up", "--yes", "--skip-preview"];

/** What somebody would type, once each; the seconds that it takes. */
async function byHand(master: Master, bmc: Bmc, verb: string): Promise<number> {
    const began = Date.now();
    await master.exec(`export IPMITOOL_PASSWORD='${bmc.password}'; seq ${MACHINES} | xargs -P ${TOGETHER} -I {} sh -c 'ipmitool -I lanplus -L OPERATOR -C 3 -H ${bmc.address} -p $((6230 + {})) -U ${bmc.user} -E chassis power ${verb} >/dev/null || echo {} >>/var/tmp/failed'; [ ! -e /var/tmp/failed ]`);
    return (Date.now() - began) / 1000;
}

export async function power(lab: Lab, add: (row: Row) => void): Promise<void> {
    const [master, bmc] = await Promise.all([startMaster(lab, { daemons: true }), startBmc(lab, { machines: MACHINES })]);
    using site = await openSite(lab, master, program("one", "none"), { config: { bmc: bmc.address, bmcPassword: bmc.password } });
    await site.up();
    const told = async (words: string) => (await bmc.asked()).filter((line) => line.endsWith(words)).length;
    const ours = async (verb: string) => {
        const began = Date.now();
        const { code, out, err } = await netboot(site, "power", verb, "--all", "--json");
        assert.equal(code, 0, out + err);
        return (Date.now() - began) / 1000;
    };
    const against = `ipmitool by hand, ${TOGETHER} at once`;

    add({ what: `power status of ${MACHINES} machines`, seconds: await ours("status"), base: await byHand(master, bmc, "status"), against, aim: 1.3 });
    const on = await ours("on");
    assert.equal(await told("power 1"), MACHINES);
    const off = await ours("off");
    assert.equal(await told("power 0"), MACHINES);
    add({ what: `power on of ${MACHINES} machines, each asked before whether it is on`, seconds: on, base: await byHand(master, bmc, "on"), against, aim: 2 });
    add({ what: `power off of ${MACHINES} machines, each asked before whether it is off`, seconds: off, base: await byHand(master, bmc, "off"), against, aim: 2 });

    // All are off: what is cycled is switched on. The same change before that, where nobody is to be switched, is what `up` itself takes.
    site.program(program("two", "none"));
    const plain = await counted(site, UP);
    site.program(program("three", "cycle"));
    const before = await told("power 1");
    const cycled = await counted(site, UP);
    await until("all to be on", 30_000, async () => ((await told("power 1")) === before + MACHINES ? true : undefined));
    add({ what: `up that has ${MACHINES} machines boot something else, and switches them`, seconds: cycled.seconds, base: plain.seconds + on, against: "the same up without, and power on by hand", aim: 1.1, costs: cycled.costs });
    site.program(program("three", "cycle"));
    const again = await counted(site, UP);
    assert.equal(await told("power 1"), before + MACHINES, "a second up switches nobody");
    add({ what: "the same up again", seconds: again.seconds, base: plain.seconds, against: "the up that changed them", costs: again.costs });
    await site.destroy();
}
