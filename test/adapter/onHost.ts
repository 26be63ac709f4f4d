// A host of the engine's tests behind SSH, and resources as Pulumi's engine hands them to a provider's process: the whole way but for the CLI.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FastHost } from "../engine/fastHost.ts";
import { blobOf } from "../engine/site.ts";
import { startServer } from "../ssh/server.ts";
import type { DynamicProvider } from "./dynamicProvider.ts";
import { handle, master, onMaster } from "./inputs.ts";

/** How a server of logins gets into the host. Programs are the host's own stubs where it has one. */
export const login = (host: FastHost) => ({ prefix: host.enter, cwd: host.root, env: { PATH: "/stub/bin:/usr/bin:/bin:/usr/sbin:/sbin", HOME: "/" } });
export const behindSsh = (host: FastHost) => startServer(login(host));
export type SshHost = Awaited<ReturnType<typeof behindSsh>>;

/** On this host, by this way there. */
export const on = ({ connection }: SshHost) => ({ __master: handle({ ref: { ...master, host: connection.host }, connection }) });

/** An image of a file with this text, as the SDK sends it. */
export function kernelImage(name: string, text: string, more: object = {}) {
    const { sha256, file, spec } = blobOf(text);
    return { inputs: { ...onMaster("KernelImage", name), kernel: { path: file, name: "vmlinuz", ...spec }, ...more }, path: `/srv/netboot/http/blob/${sha256}/vmlinuz` };
}

/** Checked, and with secrets taken out of their envelopes: what the engine gives a provider that takes none. */
export async function planned(provider: DynamicProvider, type: string, news: any): Promise<any> {
    const { inputs, failures } = await provider.check(type, news);
    if (failures.length) throw new Error(failures.map(({ reason }) => reason).join("\n"));
    return bare(inputs);
}

export const bare = (value: any): any =>
    !value || typeof value !== "object" ? value : Array.isArray(value) ? value.map(bare) : "4dabf18193072939515e22adb298388d" in value ? bare(value.value) : Object.fromEntries(Object.entries(value).map(([key, v]) => [key, bare(v)]));

/** A program on the host. */
export const program = (host: FastHost, path: string, text: string) => writeFileSync(host.path(path), text, { mode: 0o755 });
export const repository = join(import.meta.dirname, "..", "..");
