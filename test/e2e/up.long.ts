// A whole life of every program of examples/, unchanged, with the real CLI: on a bare master, which installs and removes each time.
import { after, before, test } from "node:test";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { examples } from "./examples.ts";
import { life } from "./life.ts";

let lab: Lab;
let master: Master;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    // xz-utils brings a newer version of this library, which purging does not take back.
    await master.exec("apt-get update -q >/dev/null; DEBIAN_FRONTEND=noninteractive apt-get install -yq --only-upgrade liblzma5 >/dev/null");
});
after(() => lab.close());

for (const name of Object.keys(examples))
    test(`${name}: previewed without a network, applied, applied again for nothing, and gone without a trace`, (t) => life(t, lab, master, name));
