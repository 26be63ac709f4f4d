// A master whose HTTP server fails as told: nginx hands the questions that matter to a server of this process, which
// answers each machine by its own plan, and otherwise lets nginx answer as ever.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Lab } from "../lab/lab.ts";
import type { Master } from "../lab/master.ts";

export type Stage = "boot" | "menu" | "order" | "kernel" | "initrd";
/** `stall` never says a word, `halt` stops after the first ones, `cut` hangs up after them; any other text is the answer, or the half that is left of a file on the master. */
export type Fault = "500" | "404" | "empty" | "stall" | "halt" | "cut" | "pass" | { text: string } | { half: string };

/** What a machine is answered at a stage: the first time, the second, …; after the last, as ever. */
export type Plan = Partial<Record<Stage, Fault[]>>;

export interface Saboteur {
    /** From now on, for the machine at this address. */
    plan(address: string, plan: Plan): void;
    /** What the machine was answered since its plan was made: "boot 500". */
    told(address: string): string[];
    [Symbol.asyncDispose](): Promise<void>;
}

const snippet = (server: string) => `
if ($arg_passed = "") { rewrite ^(/boot|/menu/.*|/blob/.*|/orders/.*/order\.ipxe|/imaging/.*)$ /sabotage$1 last; }
location /sabotage/ {
    proxy_pass http://${server};
    proxy_buffering off;
    proxy_set_header X-Machine $remote_addr;
}
`;

const stageOf = (path: string): Stage => (path === "/boot" ? "boot" : path.startsWith("/menu/") ? "menu" : path.startsWith("/orders/") ? "order" : path.includes("initrd") ? "initrd" : "kernel");

/** Its first half, which has no error in it. */
export const halfOf = (file: string) => `head -n $(($(wc -l <${file}) / 2)) ${file}`;

async function answer(fault: Fault, response: ServerResponse, { pathname, search }: URL, master: Master): Promise<void> {
    if (typeof fault === "object") return void response.end("text" in fault ? fault.text : await master.exec(halfOf(fault.half)));
    switch (fault) {
        case "500":
        case "404":
            return void response.writeHead(Number(fault)).end(`error ${fault}\n`);
        case "empty":
            return void response.writeHead(200, { "Content-Length": 0 }).end();
        case "stall":
            return;
        case "halt":
        case "cut":
            response.writeHead(200, { "Content-Length": 1_000_000 });
            return void response.write("#!ipxe\n", () => fault === "cut" && response.destroy());
        case "pass":
            return void response.writeHead(200, { "X-Accel-Redirect": `${pathname}${search || "?"}&passed=1` }).end();
    }
}

export async function sabotage(lab: Lab, master: Master): Promise<Saboteur> {
    const plans = new Map<string, Plan>();
    const all = new Map<string, string[]>();
    const server = createServer((request: IncomingMessage, response) => {
        const address = String(request.headers["x-machine"]);
        const url = new URL(request.url!.replace(/^\/sabotage/, ""), "http://master");
        const stage = stageOf(url.pathname);
        const fault = plans.get(address)?.[stage]?.shift() ?? "pass";
        all.get(address)?.push(`${stage} ${typeof fault === "object" ? Object.keys(fault)[0] : fault}`);
        void answer(fault, response, url, master);
    });
    await new Promise<void>((ready) => server.listen(0, lab.network.gateway, ready));
    server.unref();
    const file = "/etc/netboot/live/nginx.d/sabotage.conf";
    const { port } = server.address() as AddressInfo;
    await master.container.copyContentToContainer([{ target: "/root/sabotage.conf", content: snippet(`${lab.network.gateway}:${port}`) }]);
    await master.exec(`mkdir -p $(dirname ${file}) && mv /root/sabotage.conf ${file} && nginx -t -q -c /etc/netboot/live/nginx.conf && systemctl restart netboot-http.service`);
    return {
        plan(address, plan) {
            plans.set(address, Object.fromEntries(Object.entries(plan).map(([stage, faults]) => [stage, [...faults]])));
            all.set(address, []);
        },
        told: (address) => all.get(address) ?? [],
        async [Symbol.asyncDispose]() {
            server.closeAllConnections();
            await new Promise((closed) => server.close(closed));
        },
    };
}
