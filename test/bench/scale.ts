// Many machines: each program of ours runs beside the same number of resources that do nothing.
import type { Lab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { site } from "../e2e/site.ts";
import type { Ran } from "../pulumi/project.ts";
import { type Costs, counted } from "./counted.ts";
import { dialEach, floor, machines } from "./programs.ts";
import type { Row } from "./table.ts";

interface Setting {
    name: string;
    args: string[];
    env: NodeJS.ProcessEnv;
}
const checkpoints: Setting = { name: "with checkpoints, default parallelism", args: [], env: {} };
const unsaved: Setting = { name: "without checkpoints", args: [], env: { PULUMI_SKIP_CHECKPOINTS: "true" } };
const none: Setting = { name: "without checkpoints, --parallel 1000", args: ["--parallel", "1000"], env: { PULUMI_SKIP_CHECKPOINTS: "true" } };

const SAME = "the floor with the same state";

/** Resources of ours against as many of a provider that does nothing, for each of these sizes. */
export async function scale(lab: Lab, sizes: number[], say: (row: Row) => void): Promise<void> {
    const most = sizes.at(-1)!;
    const many = (count: number) => count.toLocaleString("en");
    const master = await startMaster(lab);
    const add = (what: string, ours: Ran & Costs, base: Ran, aim: number, against: string) => say({ what, seconds: ours.seconds, base: base.seconds, against, aim, costs: ours.costs });
    for (const count of sizes)
        for (const setting of count < 1000 ? [checkpoints] : [checkpoints, none]) {
            const whole = count === most && setting === checkpoints;
            const base = await measured(lab, master, floor(count), setting, whole);
            const ours = await measured(lab, master, machines(count), setting, whole);
            add(`up of ${many(count)}, ${setting.name}`, ours.up, base.up, setting === checkpoints ? 1.3 : 1.5, "the floor");
            if (count !== most) continue;
            // A checkpoint writes the whole state: what the engine takes for more of it is not what we take.
            const same = await measured(lab, master, floor(count, ours.bytes), setting, whole);
            add(`up of ${many(count)}, ${setting.name}`, ours.up, same.up, setting === checkpoints ? 1.3 : 1.5, SAME);
            if (!whole) continue;
            add(`preview of ${many(count)}`, ours.preview, same.preview, 1.3, SAME);
            add(`second up of ${many(count)}`, ours.again!, same.again!, 1.3, SAME);
            add(`preview of ${many(count)}`, ours.preview, base.preview, 1.3, "the floor");
            add(`second up of ${many(count)}`, ours.again!, base.again!, 1.3, "the floor");
            add(`refresh of ${many(count)}`, ours.refresh!, base.refresh!, 5, "the floor, which asks no host");
        }
    if (most >= 1000) {
        // At Pulumi's default parallelism: more connections at once than sshd's MaxStartups are refused.
        const [ours, base, dialled] = [await measured(lab, master, machines(most), unsaved, false), await measured(lab, master, floor(most), unsaved, false), await measured(lab, master, dialEach(most), unsaved, false)];
        add(`up of ${many(most)} above the floor, ${unsaved.name}`, above(ours.up, base.up), above(dialled.up, base.up), 0.1, "a dial and a command a file");
    }
    const one = await measured(lab, master, floor(1), checkpoints, false);
    const fleet = await measured(lab, master, machines(most, true), checkpoints, false);
    add(`up of a fleet of ${many(most)}`, fleet.up, one.up, 2, "the floor of one resource");
}

interface Measured {
    preview: Ran & Costs;
    up: Ran & Costs;
    again?: Ran & Costs;
    refresh?: Ran & Costs;
    /** What the inputs of the last resource take in state. */
    bytes: number;
}

/** Preview, up, and where asked second up and refresh, of one program on a master without traces of the last one. */
async function measured(lab: Lab, master: Master, program: Record<string, string>, setting: Setting, more: boolean): Promise<Measured> {
    using project = await site(lab, master, program);
    const run = (args: string[]) => counted(project, [...args, ...(args[0] === "preview" ? [] : setting.args)], setting.env);
    // The host's packages are no part of the comparison: they are there before the clock starts.
    await master.exec("dpkg -s dnsmasq-base nginx-light ipxe >/dev/null 2>&1 || DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends dnsmasq-base nginx-light ipxe >/dev/null && systemctl disable --now nginx.service 2>/dev/null");
    const preview = await run(["preview"]);
    const up = await run(["up", "--yes", "--skip-preview"]);
    const again = more ? await run(["up", "--yes", "--skip-preview"]) : undefined;
    const refresh = more ? await run(["refresh", "--yes", "--skip-preview"]) : undefined;
    const bytes = JSON.stringify(project.state().resources.at(-1).inputs).length;
    await project.run(["destroy", "--yes", "--skip-preview", "--parallel", "1000"], { env: { PULUMI_SKIP_CHECKPOINTS: "true" } });
    return { preview, up, again, refresh, bytes };
}

function above(ran: Ran & Costs, base: Ran): Ran & Costs {
    return { ...ran, seconds: ran.seconds - base.seconds };
}
