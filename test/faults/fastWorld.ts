// A world for kills.ts that lives in a folder: the real scripts on a fast host, behind a real SSH server. It is put back by copying.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { login } from "../adapter/onHost.ts";
import { fastHost, type FastHost } from "../engine/fastHost.ts";
import { openProject, type Project } from "../pulumi/project.ts";
import { type Message, startServer } from "../ssh/server.ts";
import { project as files, type Version, type World } from "./kills.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** What daemons read and serve, by path with a digest; the set in service by names that do not change with each commit. Our own notes have times and turns in them. */
function served(host: FastHost): string[] {
    const all = Object.entries(host.snapshot());
    const sets = new Set(all.flatMap(([path]) => /^\/etc\/netboot\/gen\.[^/]+/.exec(path)?.[0] ?? []));
    assert.ok(sets.size <= 1, `sets are left: ${[...sets]}`);
    const ours = all.filter(([path]) => !/^\/(stub|run)\/|^\/var\/lib\/(netboot\/|apt\/)/.test(path));
    return [...ours.map(([path, text]) => `${path.replace(/gen\.[^/]+/, "live")} ${digest(text)}`), ...running(host)].sort();
}

/** What each daemon was last started with: a restart that is lost shows here. */
function running(host: FastHost): string[] {
    const read = (unit: string, name: string) => {
        const path = `/stub/ran/${unit}/${name}`;
        return existsSync(host.path(path)) ? [`${path} ${digest(readFileSync(host.path(path), "utf8"))}`] : [];
    };
    const dhcp = ["unit", "dnsmasq.conf", "dnsmasq.d/_clients.conf", "dnsmasq.d/lan.conf"], http = ["unit", "nginx.conf"];
    return [...dhcp.flatMap((name) => read("netboot-dhcp.service", name)), ...http.flatMap((name) => read("netboot-http.service", name))];
}

/** What the state holds, by name with a digest: ciphers of the same secret differ each time. */
const resources = (project: Project): string[] =>
    (project.state().resources ?? []).map(({ urn, inputs, outputs }: any) => `${urn} ${digest(JSON.stringify([inputs, outputs], (key, value) => (key === "ciphertext" ? "" : value)))}`).sort();

/** `kind`: whether the provider dies when its request comes in (and is not begun), or when the answer is due (and all is done). */
export const fastWorld = (kind: Message["kind"]) => async (): Promise<World & AsyncDisposable> => {
    let host = fastHost();
    const way = login(host);
    const server = await startServer(way);
    const { host: address, port, hostKey, privateKey } = server.connection;
    const project = await openProject(files, { connection: { host: address, port, hostKey, privateKey }, address: "192.0.2.1", subnet: "192.0.2.0/24", range: "192.0.2.100-192.0.2.150", kernel: import.meta.filename });
    const state = join(project.folder, "../state");
    const kept = new Map<string, { host: FastHost; state: string }>();
    const expected = new Map<Version | undefined, string[]>();
    const keep = (life: string) => {
        const copy = mkdtempSync(join(tmpdir(), "netboot-state-"));
        cpSync(state, copy, { recursive: true });
        kept.set(life, { host: host.copy(), state: copy });
    };
    keep("bare");
    let from = 0;
    const put = (next: FastHost) => {
        host.remove();
        way.cwd = (host = next).root;
    };

    return {
        project,
        arm(at, kill) {
            from = server.seen.journal.length;
            server.cut(at === Infinity ? undefined : { at, kind, then: kill });
        },
        messages: () => server.seen.journal.slice(from).filter((message) => message.kind === kind).length,
        async stand(life, prepare) {
            const { host: was, state: wrote } = kept.get(life) ?? kept.get("bare")!;
            put(was.copy());
            rmSync(state, { recursive: true });
            cpSync(wrote, state, { recursive: true });
            if (kept.has(life)) return;
            await prepare();
            keep(life);
        },
        async whole() {
            await server.idle();
            const known = new Set([...[...kept.values()].flatMap((one) => served(one.host)), ...[...expected.values()].flat()]);
            assert.deepEqual(served(host).filter((line) => !known.has(line)), [], "there is what belongs to no version");
            const set = served(host).flatMap((line) => /^\/etc\/netboot\/live\/(\w+\.conf) /.exec(line)?.[1] ?? []);
            assert.ok([0, 2].includes(set.length), `half a set is in service: ${set}`);
        },
        async holds(version) {
            await server.idle();
            const now = [...served(host), ...resources(project)];
            if (!expected.has(version)) expected.set(version, now);
            assert.deepEqual(now, expected.get(version));
        },
        async [Symbol.asyncDispose]() {
            project.remove();
            await server.close();
            host.remove();
            for (const one of kept.values()) one.host.remove(), rmSync(one.state, { recursive: true });
        },
    };
};
