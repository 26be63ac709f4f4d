// BMCs on the lab's network: several by IPMI, and one by Redfish with as many systems. They remember what they were told.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { StartedTestContainer } from "testcontainers";
import { exec, until } from "./exec.ts";
import type { Lab } from "./lab.ts";

export interface Bmc {
    container: StartedTestContainer;
    address: string;
    user: "netboot";
    password: string;
    /** UDP port of the BMC with this number; they begin with 1, and their machines are off. */
    port(n: number): number;
    /** The BMC by Redfish, the digest of its key, and the path of the system with this number; systems are on. */
    url: string;
    publicKey: string;
    system(n: number): string;
    /** What they were told so far: "ipmi 1 power 1", "redfish 2 ForceRestart". */
    asked(): Promise<string[]>;
    /** The requests to the BMC by Redfish so far, whatever came of them: "GET /redfish/v1/Systems 401". */
    heard(): Promise<string[]>;
    /** Starts one more BMC by Redfish, which has the same key and says that its only system is at `path`; its URL. */
    misleading(path: string): Promise<string>;
    /** Magic packets seen on the network: the MAC address that each calls. */
    woken(): Promise<string[]>;
}

const misleader = readFileSync(join(import.meta.dirname, "misleadingBmc.py"), "utf8");

export async function startBmc(lab: Lab, { address = lab.at(9), machines = 2, password = "correct-horse" } = {}): Promise<Bmc> {
    const container = await lab.start("bmc", { address }, (it) => it.withHostname("bmc").withEnvironment({ MACHINES: `${machines}`, PASSWORD: password, REDFISH: "yes" }));
    await until("the BMCs", 20_000 + 500 * machines, async () => (await exec(container, "cat redfish.log 2>/dev/null || true")).includes("Running on") || undefined);
    const key = await exec(container, "openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64");
    const lines = async (file: string) => (await exec(container, `cat ${file}`)).split("\n").filter(Boolean);
    return {
        container, address, user: "netboot", password,
        port: (n) => 6230 + n,
        url: `https://${address}:8443`,
        publicKey: `sha256//${key.trim()}`,
        system: (n) => `/redfish/v1/Systems/00000000-0000-0000-0000-${String(n).padStart(12, "0")}`,
        asked: () => lines("asked"),
        heard: async () => (await lines("redfish.log")).flatMap((line) => / "([A-Z]+ \S+) HTTP\S+" (\d+) /.exec(line)?.slice(1).join(" ") ?? []),
        async misleading(path) {
            await container.copyContentToContainer([{ target: "/bmc/misleading.py", content: misleader }]);
            await exec(container, `setsid python3 misleading.py 8444 '${path}' >misleading.log 2>&1 </dev/null &`);
            await until("the misleading BMC", 20_000, async () => (await exec(container, "cat misleading.log")).includes("listens") || undefined);
            return `https://${address}:8444`;
        },
        async woken() {
            const dump = (await lines("wake")).map((line) => (line.startsWith("\t") ? line.replace(/^\s*0x[0-9a-f]+:|\s/g, "") : "\n")).join("");
            return [...dump.matchAll(/f{12}([0-9a-f]{12})\1{15}/g)].map(([, mac]) => mac!.replace(/..(?=.)/g, "$&:"));
        },
    };
}
