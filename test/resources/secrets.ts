/** Secrets in inputs, and an ear on what a host is told. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { FastHost } from "../engine/fastHost.ts";
import { checked } from "./good.ts";
import { type Place, places, put } from "./places.ts";
import type { Fields } from "./resource.ts";

export const HUSH = "hush5ec7";

/** Other values for those that have a form. */
const LIKE: [RegExp, string][] = [
    [/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i, "52:54:00:c5:5e:c7"], [/^[0-9a-f]{64}$/, "5ec7".repeat(16)], [/^[0-9a-f]{8}-[0-9a-f-]{27}$/i, "5ec75ec7-5ec7-4ec7-8ec7-5ec75ec75ec7"],
    [/^\d+\.\d+\.\d+\.\d+$/, "10.0.0.250"], [/^\d+\.\d+\.\d+\.\d+$/, "10.9.0.250"], [/^\d+\.\d+\.\d+\.\d+\/\d+$/, "10.187.0.0/24"], [/^https?:\/\//, `http://10.0.0.9/${HUSH}`], [/^\//, `/${HUSH}`],
    [/\.EFI$/i, `/${HUSH}.EFI`], [/^\d+[GT]i?B$/, "5471GiB"],
];
const around = (text: string) => [`${text}${HUSH}`, `${text}-${HUSH}`, `${HUSH}${text}`, HUSH, `${text} ${HUSH}`, `${text}\n${HUSH}`];

/** The inputs with another value in this place that nothing else holds, if there is one that the field takes. */
export function secretAt(name: string, inputs: Fields, { path, value }: Place): { given: Fields; secret: string } | undefined {
    const text = value as string;
    for (const other of [...LIKE.flatMap(([like, other]) => (like.test(text) ? [other] : [])), ...around(text)]) {
        const given = put(inputs, path, other) as Fields;
        if (!checked(name, given).failures.length) return { given, secret: other.includes(HUSH) ? HUSH : other };
    }
    return undefined;
}

/** The inputs with secrets in as many places at once as will have them, but for those that become the name of something. */
export function withSecrets(name: string, inputs: Fields): { given: Fields; fields: string[] } {
    let given = inputs;
    const fields: string[] = [];
    for (const { path, value } of places(inputs)) {
        if (typeof value !== "string" || ["name", "master", "pool"].includes(String(path[0])) || /sha256|digest|path$/i.test(String(path.at(-1)))) continue;
        for (const other of around(value)) {
            const next = put(given, path, other) as Fields;
            const { inputs: shown, failures } = checked(name, next);
            const parts = Object.entries(shown).filter(([key]) => !(key in inputs) && !key.startsWith("__"));
            const names = parts.filter(([key]) => key !== "nextBoot" && key !== "nextBoots").map(([key, map]) => (key === "files" ? Object.keys(map as object) : map));
            if (failures.length || JSON.stringify(names).toLowerCase().includes(HUSH)) continue;
            given = next;
            fields.push(path.join(".").replace(/\d+/g, "n"));
            break;
        }
    }
    return { given, fields };
}

/** Has the host write down every tool that it starts with all that it is told; what it has written so far. */
export function listening(host: FastHost): () => string[] {
    host.killAt = 1e9; // so that the traps come before the tools
    const ear = `#!/bin/sh
{ printf '%s ' "\${0##*/}" "$@" | tr '\\n' ' '; echo; } >>/stub/heard
[ ! -x "/stub/bin/\${0##*/}" ] || exec "/stub/bin/\${0##*/}" "$@"
exec /usr/bin/"\${0##*/}" "$@"
`.replace("| tr", "| /usr/bin/tr");
    for (const tool of [...readdirSync(host.path("stub/trap")), "xargs", "chown", "base64", "gzip", "grep", "head", "tail", "sh", "timeout", "tgtadm", "tgt-admin", "dd"]) writeFileSync(host.path(`stub/trap/${tool}`), ear, { mode: 0o755 });
    writeFileSync(host.path("stub/heard"), "");
    return () => readFileSync(host.path("stub/heard"), "utf8").split("\n");
}
