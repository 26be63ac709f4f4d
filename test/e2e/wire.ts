// What firmware does on the wire, without the firmware: TFTP downloads, and HTTP requests whose path nobody tidies up.
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { request } from "node:http";
import type { Master } from "../lab/master.ts";

export interface HttpAnswer {
    status: number;
    headers: NodeJS.Dict<string | string[]>;
    body: Buffer;
    text: string;
}

/** Sends the path byte for byte, which `fetch` would not: it resolves `..` by itself. */
export function http(url: string, method = "GET"): Promise<HttpAnswer> {
    const [, host, port, path] = /^http:\/\/([0-9.]+)(?::(\d+))?(\/.*)$/s.exec(url)!;
    return new Promise((resolve, reject) => {
        const asked = request({ host, port: port ?? 80, path, method, timeout: 5000 }, (answer) => {
            const chunks: Buffer[] = [];
            answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject).on("end", () => {
                const body = Buffer.concat(chunks);
                resolve({ status: answer.statusCode!, headers: answer.headers, body, text: body.toString("latin1") });
            });
        });
        asked.on("error", reject).on("timeout", () => asked.destroy(new Error(`${url}: no answer within 5 s`))).end();
    });
}

/** RFC 1350: the file's bytes. The answers must come from the very address that was asked, as firmware insists. */
export function tftp(server: string, file: string): Promise<Buffer> {
    const socket = createSocket("udp4");
    const blocks: Buffer[] = [];
    return new Promise<Buffer>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`tftp://${server}/${file}: no answer for 5 s`)), 5000);
        socket.on("error", reject).on("message", (packet, { address, port }) => {
            if (address !== server) return reject(new Error(`tftp://${server}/${file}: ${address} answered`));
            timer.refresh();
            const [kind, number] = [packet.readUInt16BE(0), packet.readUInt16BE(2)];
            if (kind !== 3) return reject(new Error(`tftp://${server}/${file}: ${packet.subarray(4, -1).toString("latin1")}`));
            if (number === ((blocks.length + 1) & 0xffff)) blocks.push(packet.subarray(4));
            socket.send(Buffer.from([0, 4, packet[2]!, packet[3]!]), port, address);
            if (packet.length < 516) resolve(Buffer.concat(blocks));
        });
        socket.send(Buffer.from(`\0\x01${file}\0octet\0`, "latin1"), 69, server);
    }).finally(() => socket.close());
}

export const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** The digest of a loader in the master's iPXE package. */
export const packaged = async (master: Master, name: string) => (await master.exec(`sha256sum </usr/lib/ipxe/${name}`)).slice(0, 64);

/** The URL that iPXE's first script asks, without what it asks. */
export async function question(script: string): Promise<string> {
    const [, server, file] = /^tftp:\/\/([0-9.]+)\/(.+)$/.exec(script)!;
    const text = (await tftp(server!, file!)).toString();
    return /^#!ipxe\n[^]*?^chain --replace [^\n]* (http:\S+)\?mac=/m.exec(text)?.[1] ?? text;
}

/** What passes for an EFI program of x86-64 with a signature, as far as anyone looks who does not start it. */
export function signedProgram(content: string): Buffer {
    const [pe, optional] = [128, 152];
    const head = Buffer.alloc(512);
    head.write("MZ", "latin1");
    head.writeUInt32LE(pe, 60);
    head.write("PE\0\0", pe, "latin1");
    head.writeUInt16LE(0x8664, pe + 4);
    head.writeUInt16LE(0x20b, optional);
    head.writeUInt32LE(100, optional + 112 + 4 * 8 + 4);     // the size of its certificates
    return Buffer.concat([head, Buffer.from(content)]);
}
