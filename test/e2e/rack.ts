// What the tests of installations share: the example of a rack on a master of the lab, and a way to the package mirror.
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { EMULATED } from "../lab/emulated.ts";
import type { Lab } from "../lab/lab.ts";
import type { Master } from "../lab/master.ts";
import type { Project } from "../pulumi/project.ts";
import { site } from "./site.ts";

export const PASSWORD = "correct horse";
/** Of that password: `openssl passwd -6`. */
export const HASH = "$6$netboot$fibKZrD2as1U7I9H5NmjMK2XqcfCG8/MVCGmtrks2UGfdYXnE3gMPImtvPXpdsRmaMDcKFZP.e4rcT7wVP.t..";
/** The installer's kernel's, for a lab's machines: on the serial line, and in plain text. */
export const CMDLINE = `console=ttyS0 ${EMULATED} DEBIAN_FRONTEND=text`;

/** The example's answers, less what takes an emulated processor long and shows nothing: few packages, and a kernel for virtual machines. */
export const slim = (text: string): string =>
    `${text.replace("security, updates", "").replace("openssh-server", "").replace("nginx-light", "hello")}
d-i base-installer/kernel/image string linux-image-cloud-amd64
d-i base-installer/initramfs-tools/driver-policy select dep
d-i apt-setup/enable-source-repositories boolean false
d-i apt-setup/non-free-firmware boolean false
d-i hw-detect/load_firmware boolean false
`;

export const rack = (lab: Lab, master: Master, servers: Record<string, { mac: string; role: string }>, more: Record<string, unknown> = {}): Promise<Project & Disposable> =>
    site(lab, master, "debian-rack", { servers: JSON.stringify(servers), release: `${master.debian}`, mirror: "192.0.2.1", generation: 1, rootHash: HASH, cmdline: CMDLINE, kernelOptions: "console=ttyS0 no_timer_check", ...more });

/** The mirror, for machines of the lab, which know no name server: this machine asks for them, but for what is given here, by path below /debian. */
export async function mirror(lab: Lab, own = new Map<string, Buffer>()): Promise<{ host: string; asked: () => number; refused: () => string[]; [Symbol.dispose](): void }> {
    let asked = 0;
    const refused: string[] = [];
    const server: Server = createServer((query, answer) => {
        asked++;
        const ours = own.get(decodeURIComponent(query.url!).replace("/debian/", ""));
        if (ours) return void answer.writeHead(200, { "content-length": ours.length }).end(query.method === "HEAD" ? undefined : ours);
        const { host: _, connection: __, ...headers } = query.headers;
        const there = request({ host: "deb.debian.org", path: query.url, method: query.method, headers }, (back) => {
            if (back.statusCode! >= 400) refused.push(`${back.statusCode} ${query.url}`);
            answer.writeHead(back.statusCode!, back.headers);
            back.pipe(answer);
        });
        there.on("error", (error) => answer.writeHead(502).end(error.message));
        query.pipe(there);
    });
    await new Promise<void>((ready) => server.listen(0, lab.network.gateway, ready));
    return { host: `${lab.network.gateway}:${(server.address() as AddressInfo).port}`, asked: () => asked, refused: () => refused, [Symbol.dispose]: () => void (server.closeAllConnections(), server.close()) };
}
