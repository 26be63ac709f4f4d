// DHCP exchanges on the wire, spoken by this machine itself: for the clients that no firmware of the lab can play, such as
// a BIOS whose PXE is not iPXE. This machine holds the gateway address of every network of the lab; it asks as a relay
// would (from port 67, answers come back to it) or as a client on the link does (broadcast). Needs root, for the ports.
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { addressBytes, decode, type DhcpAnswer, encode, inWords, messageTypes, type MessageType } from "./dhcpPacket.ts";
import type { LabNetwork } from "./network.ts";

type Options = [number, Buffer][];
const text = (value: string) => Buffer.from(value, "latin1");
const byte = (...values: number[]) => Buffer.from(values);

/** What firmware says of itself. `arch` is the number of option 93. */
function firmware(arch: number, what = "PXEClient", undi = "003001"): Options {
    return [
        [60, text(`${what}:Arch:${String(arch).padStart(5, "0")}:UNDI:${undi}`)],
        [93, byte(arch >> 8, arch & 255)],
        [94, byte(1, 3, 1)],
        [97, byte(0, ...Buffer.from("00112233445566778899aabbccddeeff", "hex"))],
    ];
}

const ipxe = (arch: number): Options => [
    ...firmware(arch, "PXEClient", "003010"),
    [77, text("iPXE")],
    [175, byte(177, 5, 1, 0x80, 0x86, 0x10, 0x0e, 235, 3, 1, 21, 1, 19, 1, 1, 255)],  // what iPXE can do: HTTP and more
];

export const clients = {
    biosPxe: firmware(0, "PXEClient", "002001"),
    uefi32: firmware(6),
    uefi64: firmware(7),
    uefiBc: firmware(9),
    uefiArm64: firmware(11),
    uefi64Http: firmware(16, "HTTPClient"),
    uefiArm64Http: firmware(19, "HTTPClient"),
    ipxeBios: ipxe(0),
    ipxeUefi: ipxe(7),
    /** An installed system: asks for an address and boots nothing. */
    system: [[60, text("systemd-networkd")]] as Options,
};
export type ClientKind = keyof typeof clients;

export interface Exchange {
    network: LabNetwork;
    client: ClientKind;
    mac: string;
    /** A server's address: ask it as a relay does. Without it: broadcast on the link. */
    server?: string;
    /** The relay's own address, where it is not this machine's on the network (then answers are not seen). */
    relay?: string;
    extra?: Options;
    /** How long to listen. With a `server`, its first answer ends the wait. */
    waitMs?: number;
}

const asked = byte(1, 3, 6, 12, 15, 28, 43, 51, 54, 58, 59, 60, 66, 67, 97, 175);

/** Sends a DISCOVER and returns the offers, in the order of their coming. */
export const discover = (exchange: Exchange): Promise<DhcpAnswer[]> => send(exchange, "discover", []);

/** The whole way to an address: discover, the first offer with an address, request, ack (or nak). */
export async function acquire(exchange: Exchange): Promise<{ offers: DhcpAnswer[]; answer: DhcpAnswer }> {
    const offers = await discover(exchange);
    const offer = offers.find(({ address }) => address !== "0.0.0.0");
    if (!offer) throw new Error(`no address was offered to ${exchange.mac} (${offers.length} offers)`);
    const answers = await request(exchange, offer.address, offer.from);
    const answer = answers.find(({ type }) => type === "ack" || type === "nak");
    if (!answer) throw new Error(`no answer to the request of ${offer.address} by ${exchange.mac}`);
    return { offers, answer };
}

/** Asks for an address by name, as after a restart. */
export const request = (exchange: Exchange, address: string, server?: string): Promise<DhcpAnswer[]> =>
    send(exchange, "request", [[50, addressBytes(address)], ...(server ? [[54, addressBytes(server)] as [number, Buffer]] : [])]);

/** The second question of a PXE client beside a proxy: to port 4011 of the boot server, from an address that it has. */
export const askBootServer = (exchange: Exchange & { server: string }): Promise<DhcpAnswer[]> =>
    send(exchange, "request", [], { port: 4011, ciaddr: exchange.network.gateway });

async function send(exchange: Exchange, type: MessageType, options: Options, direct?: { port: number; ciaddr: string }): Promise<DhcpAnswer[]> {
    const { network, client, mac, server, extra = [], waitMs = 3000 } = exchange;
    const relayed = server !== undefined && !direct;
    const xid = randomInt(2 ** 32);
    const packet = encode({
        xid, mac, broadcast: !direct,
        ciaddr: direct?.ciaddr,
        giaddr: relayed ? (exchange.relay ?? network.gateway) : undefined,
        options: new Map([[53, byte(messageTypes.indexOf(type))], [55, asked], [57, byte(5, 192)], ...clients[client], ...options, ...extra]),
    });
    // A relay hears on its own address; a client hears what is sent to all, so on every address of this machine.
    const socket = await listen(relayed ? 67 : 68, relayed || direct ? network.gateway : undefined);
    const target = server ?? network.gateway.replace(/\d+$/, "255");
    try {
        return await collect(socket, xid, server !== undefined, waitMs, () => socket.send(packet, direct?.port ?? 67, target));
    } finally {
        socket.close();
    }
}

function listen(port: number, address?: string): Promise<Socket> {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    return new Promise((resolve, reject) => {
        socket.once("error", (error) => reject(new Error(`can't speak DHCP from port ${port}: ${error.message} (it needs root)`)));
        socket.bind(port, address, () => {
            socket.setBroadcast(true);
            resolve(socket);
        });
    });
}

function collect(socket: Socket, xid: number, firstOnly: boolean, waitMs: number, start: () => void): Promise<DhcpAnswer[]> {
    const answers: DhcpAnswer[] = [];
    return new Promise((resolve, reject) => {
        const end = () => resolve(answers);
        const timer = setTimeout(end, waitMs);
        socket.on("error", reject).on("message", (bytes) => {
            const message = decode(bytes);
            if (message.op !== "reply" || message.xid !== xid) return;
            answers.push(inWords(message));
            if (!firstOnly) return;
            clearTimeout(timer);
            end();
        });
        start();
    });
}
