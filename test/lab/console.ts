// A login on the serial line of an installed system, and what is asked there.
import assert from "node:assert/strict";
import type { Client } from "./runningClient.ts";

/** Waits for the prompt of the system called `host`, and logs in: root has no password there. */
export async function login(client: Client, host: string, timeoutMs = 600_000): Promise<void> {
    await client.waitFor(new RegExp(`^${host} login:`), timeoutMs);
    client.type("root\n");
    await client.waitFor(new RegExp(`^root@${host}:`), timeoutMs);
}

/** The same, once cloud-init has made of the system what its seed says. */
export async function loginWhenSeeded(client: Client, host: string, timeoutMs?: number): Promise<void> {
    await login(client, host, timeoutMs);
    assert.match(await ask(client, "cloud-init status --wait"), /status: done$/);
}

let asked = 0;

/** What the command says, on one line. Between marks: the line that was typed comes back as well. */
export async function ask(client: Client, command: string, timeoutMs = 600_000): Promise<string> {
    const mark = `answer${++asked}`;
    client.type(`echo "$(echo ${mark} $(${command}))" end$((${asked}))\n`);
    const end = `end${asked}`;
    const { detail } = await client.waitFor(new RegExp(`^${mark} .*${end}$`), timeoutMs);
    return detail.slice(mark.length, -end.length).trim();
}
